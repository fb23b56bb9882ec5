// Whatever a screen reader comes to that has no name.
() => {
  const reached = "button, input, select, canvas, [role], dialog, img, section, nav";
  const named = (e) => {
    const by = document.getElementById(e.getAttribute("aria-labelledby"))?.textContent;
    const own = e.tagName === "BUTTON" || e.getAttribute("role") === "status" ? e.textContent.trim() || e.id : "";
    return e.getAttribute("aria-label") || by || e.alt || e.labels?.[0]?.textContent || own;
  };
  return [...document.querySelectorAll(reached)].filter((e) => !named(e)).map((e) => e.outerHTML.slice(0, 80));
};
