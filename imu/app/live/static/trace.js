// The trunk's angle in the last seconds, with the straight line and the band in which a top is neither short nor over.

const SPAN_S = 15;
const STEPS_DEG = [10, 15, 30, 45, 90];
const PAD = { left: 40, right: 58, top: 14, bottom: 10 };

export class Trace {
  constructor(canvas) {
    this.canvas = canvas;
    this.points = []; // [t_s, deg or null]
    this.line = null;
    this.range = null;
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  replace(trace) {
    this.points = [];
    this.range = null;
    this.append(trace);
  }

  append({ t_s, pitch_deg }) {
    let newest = this.points.at(-1)?.[0] ?? -Infinity;
    t_s.forEach((t, i) => t > newest && this.points.push([(newest = t), pitch_deg[i]]));
    const first = this.points.findIndex(([t]) => t >= newest - SPAN_S - 1);
    if (first > 0) this.points.splice(0, first);
  }

  /** Draw at the next frame, with the newest point at `now_s`. */
  draw(now_s = this.now_s) {
    this.now_s = now_s;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.#draw();
    });
  }

  #draw() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || !height) return;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const style = getComputedStyle(this.canvas);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    pen.font = `500 13px ${style.fontFamily}`;
    pen.textBaseline = "middle";
    this.#scale(width, height);
    this.#grid(pen, width, colour);
    this.#straightLine(pen, width, colour);
    this.#curve(pen, width, colour);
    this.#label(pen, colour);
  }

  /** Angle -> pixel, over what there is to see; it widens at once and narrows slowly. */
  #scale(width, height) {
    const seen = this.points.map(([, deg]) => deg).filter((deg) => deg !== null);
    if (this.line) seen.push(this.line.low_deg, this.line.high_deg);
    const low = seen.length ? Math.min(...seen) - 6 : -90;
    const high = seen.length ? Math.max(...seen) + 6 : 90;
    const was = this.range ?? { low, high };
    const ease = (before, wanted, outward) => (outward ? wanted : before + 0.02 * (wanted - before));
    this.range = { low: ease(was.low, low, low < was.low), high: ease(was.high, high, high > was.high) };
    const spread = Math.max(this.range.high - this.range.low, 40);
    const inner = height - PAD.top - PAD.bottom;
    this.y = (deg) => PAD.top + ((this.range.high - deg) / spread) * inner;
    const newest = this.now_s ?? this.points.at(-1)?.[0] ?? 0;
    this.x = (t) => width - PAD.right + ((t - newest) / SPAN_S) * (width - PAD.left - PAD.right);
    this.step = STEPS_DEG.find((step) => (spread / step) * 26 <= inner) ?? 90;
  }

  #grid(pen, width, colour) {
    pen.lineWidth = 1;
    pen.textAlign = "right";
    for (let deg = Math.ceil(this.range.low / this.step) * this.step; deg <= this.range.high; deg += this.step) {
      const y = Math.round(this.y(deg)) + 0.5;
      pen.strokeStyle = colour("line");
      pen.beginPath();
      pen.moveTo(PAD.left, y);
      pen.lineTo(width - PAD.right, y);
      pen.stroke();
      pen.fillStyle = colour("muted");
      pen.fillText(`${deg}°`, PAD.left - 6, y);
    }
  }

  #straightLine(pen, width, colour) {
    if (this.line?.pitch_deg == null) return;
    const { pitch_deg, low_deg, high_deg, source } = this.line;
    pen.globalAlpha = 0.16;
    pen.fillStyle = colour("hold");
    pen.fillRect(PAD.left, this.y(high_deg), width - PAD.left - PAD.right, this.y(low_deg) - this.y(high_deg));
    pen.globalAlpha = 1;
    pen.strokeStyle = colour("hold");
    pen.lineWidth = 1.5;
    pen.setLineDash(source === "measured" ? [] : [6, 5]);
    pen.beginPath();
    pen.moveTo(PAD.left, this.y(pitch_deg));
    pen.lineTo(width - PAD.right, this.y(pitch_deg));
    pen.stroke();
    pen.setLineDash([]);
  }

  /** Over the curve, on a ground of its own. */
  #label(pen, colour) {
    if (this.line?.pitch_deg == null) return;
    const place = [`straight line ${Math.round(this.line.pitch_deg)}°`, PAD.left + 6, this.y(this.line.pitch_deg) - 11];
    pen.textAlign = "left";
    pen.lineWidth = 4;
    pen.strokeStyle = colour("bg");
    pen.strokeText(...place);
    pen.fillStyle = colour("hold");
    pen.fillText(...place);
  }

  #curve(pen, width, colour) {
    pen.save();
    pen.beginPath();
    pen.rect(PAD.left, 0, width - PAD.left - PAD.right + 1, 1e4);
    pen.clip();
    pen.strokeStyle = colour("text");
    pen.lineWidth = 2.5;
    pen.lineJoin = pen.lineCap = "round";
    pen.beginPath();
    let down = false;
    for (const [t, deg] of this.points) {
      if (deg === null) down = false;
      else {
        pen[down ? "lineTo" : "moveTo"](this.x(t), this.y(deg));
        down = true;
      }
    }
    pen.stroke();
    pen.restore();
    const last = this.points.at(-1);
    if (!last || last[1] === null) return;
    pen.fillStyle = colour("text");
    pen.beginPath();
    pen.arc(this.x(last[0]), this.y(last[1]), 5, 0, 7);
    pen.fill();
    pen.textAlign = "left";
    const font = pen.font;
    pen.font = font.replace("500 13px", "700 18px");
    pen.fillText(`${Math.round(last[1])}°`, width - PAD.right + 10, Math.max(this.y(last[1]), 10));
    pen.font = font;
  }
}
