// What of the page is outside the window, cut off, or drawn over something else; in words.
() => {
  const out = [];
  const { innerWidth: width, innerHeight: height } = window;
  const whole = document.documentElement;
  if (whole.scrollWidth > width || whole.scrollHeight > height) out.push("the page scrolls");
  for (const e of document.querySelectorAll("header *, main *")) {
    const box = e.getBoundingClientRect();
    if (!box.width || getComputedStyle(e).visibility === "hidden" || e.closest(".unseen")) continue;
    const inside = box.left >= -0.5 && box.top >= -0.5 && box.right <= width + 0.5 && box.bottom <= height + 0.5;
    if (!inside) out.push(`outside: ${e.id || e.tagName}`);
  }
  for (const e of document.querySelectorAll("#phase, .timer, #count, #of, button, td, th, .badge, #battery-words")) {
    const cut = e.offsetParent && getComputedStyle(e).display !== "inline" && e.scrollWidth > e.clientWidth + 1;
    if (cut) out.push(`cut: ${e.id || e.textContent}`);
  }
  const names = ["#count", "#phase", ".timer", "#trace", "#controls", "#context", "#link", "#tempo table", ".progress"];
  const drawn = names.map((name) => [name, ink(document.querySelector(name))]);
  for (const [a, p] of drawn) {
    for (const [b, q] of drawn) {
      const over = p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 1 && q.top < p.bottom - 1;
      if (a < b && over) out.push(`${a} over ${b}`);
    }
  }
  return out;

  /** Where an element is drawn; of the count the digits, which are lower than its line and narrower than its place. */
  function ink(e) {
    if (e.id !== "count") return e.getBoundingClientRect();
    const range = document.createRange();
    range.selectNodeContents(e);
    const { left, right, top, bottom } = range.getBoundingClientRect();
    const half = 0.37 * parseFloat(getComputedStyle(e).fontSize);
    return { left, right, top: (top + bottom) / 2 - half, bottom: (top + bottom) / 2 + half };
  }
};
