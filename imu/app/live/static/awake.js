// The screen is kept awake where the browser lets a page do so: on this machine's own address, or over https.

let lock = null;

export function keepAwake(show) {
  if (!navigator.wakeLock) {
    return show(
      window.isSecureContext
        ? "This browser lets the screen sleep: raise the auto-lock time of the device."
        : "Opened over plain http, the page cannot keep the screen awake: raise the auto-lock time of the device, or start imu live with --tls.",
    );
  }
  const ask = async () => {
    if (document.hidden || (lock && !lock.released)) return;
    try {
      lock = await navigator.wakeLock.request("screen");
      show("The screen stays awake as long as this page is in front.");
    } catch {
      show("The screen may sleep (low battery, perhaps): raise the auto-lock time of the device.");
    }
  };
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("pointerup", ask); // some browsers want a tap first
  return ask();
}
