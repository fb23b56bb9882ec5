// The contrast of every ink on every ground it is used on (WCAG 2.2: relative luminance, contrast ratio).
() => {
  const style = getComputedStyle(document.documentElement);
  const light = (name) => {
    const hex = style.getPropertyValue(`--${name}`).trim();
    const [r, g, b] = [1, 3, 5]
      .map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const inks = ["text", "muted", "hold", "top", "up", "down", "bottom", "warn", "bad"];
  const pairs = inks.flatMap((ink) => [[ink, "bg"], [ink, "panel"]]);
  pairs.push(["on-solid", "solid"], ["bg", "warn"], ["text", "line"]);
  return Object.fromEntries(pairs.map(([a, b]) => [`${a} on ${b}`, ratio(a, b)]));
};
