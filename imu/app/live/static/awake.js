// The screen is kept awake where the browser lets a page do so: on this machine's own address, or over https.
// `show(words, awake)` is told how it stands.

let lock = null;

export function keepAwake(show) {
  if (!navigator.wakeLock) {
    return show(
      window.isSecureContext
        ? "This browser lets the screen sleep: raise the auto-lock time of the device."
        : "Opened over plain http, the page cannot keep the screen awake: raise the auto-lock time of the device, or start imu live with --tls.",
      false,
    );
  }
  const ask = async () => {
    if (document.hidden || (lock && !lock.released)) return;
    try {
      lock = await navigator.wakeLock.request("screen");
      show("The screen stays awake as long as this page is in front.", true);
    } catch {
      show("The screen may sleep (low battery, perhaps): raise the auto-lock time of the device.", false);
    }
  };
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("pointerup", ask); // some browsers want a tap first
  return ask();
}
