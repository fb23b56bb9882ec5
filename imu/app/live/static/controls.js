// What a person presses. The program decides what can be done; what it refuses is said in its own words.

const byId = (id) => document.getElementById(id);
const WIDE = matchMedia("(min-width: 1100px) and (min-height: 560px)"); // as in style.css: the list has its own place
const HINTS = {
  off: "Nothing is heard on this device.",
  count: "The count at the top of each rep, what corrects it, the hold's tone, and the end of the rest.",
  coach: "Also what slipped twice running, the last two, and how each set was.",
};

export class Controls {
  constructor(connection, sound, notice) {
    this.connection = connection;
    this.sound = sound;
    this.notice = notice;
    this.#dialogs();
    this.#press("set", () => [this.marked ? "end_set" : "start_set"]);
    this.#press("connect", () => ["connect"]);
    this.#press("calibrate", () => ["calibrate"]);
    this.#press("sound-test", () => ["sound_test"]);
    this.#press("stop", () => ["stop"]);
    this.#form("target-form", () => ["set_target", { tempo: byId("tempo-input").value, reps: number("reps-input") }]);
    this.#form("load-form", () => ["set_load", { load_kg: number("load-input") }]);
    this.#form("exercise-form", () => ["set_exercise", { exercise: byId("exercise-input").value }]);
    this.#soundChoices();
  }

  async do(what, keys) {
    const wrong = await this.connection.send(what, keys);
    if (wrong) this.notice(wrong);
    return !wrong;
  }

  hello(hello) {
    document.body.dataset.role = hello.role;
    const options = hello.exercises.map(({ key, name }) => new Option(name, key));
    byId("exercise-input").replaceChildren(...options);
    byId("reps-input").max = hello.max_reps;
    byId("load-input").max = hello.max_load_kg;
    byId("program").textContent = `${hello.program}${hello.role === "view" ? " · this page looks on; it cannot control" : ""}`;
    const qr = byId("qr");
    qr.hidden = !hello.view_link;
    if (hello.view_link) qr.querySelector("img").src = "/qr.svg";
  }

  /** Fill the forms with what is in force, but never under somebody's fingers. */
  settings(settings) {
    fill("tempo-input", settings.tempo);
    fill("reps-input", settings.reps ?? "");
    fill("load-input", settings.load_kg ?? "");
    fill("exercise-input", settings.exercise.key);
  }

  show({ link, state }) {
    const recording = link.stage === "recording";
    const under = ["looking", "connecting", "recording", "stopping"].includes(link.stage);
    this.marked = state.set_marked;
    text("set", this.marked ? "End set" : "Start set");
    byId("set").hidden = !under;
    byId("set").disabled = byId("calibrate").disabled = !recording;
    byId("calibrate").hidden = !under;
    byId("connect").hidden = under;
    byId("stop").disabled = !under || link.stage === "stopping";
    text("folder", link.folder ? `Kept in ${link.folder}` : "");
  }

  showSound() {
    const { sound } = this;
    byId("sound-on").hidden = sound.isOn || sound.isMute;
    for (const input of document.getElementsByName("verbosity")) input.checked = input.value === sound.chosen.verbosity;
    byId("metronome").checked = sound.chosen.metronome;
    byId("angle-tone").checked = sound.chosen.angle;
    text("verbosity-hint", HINTS[sound.chosen.verbosity] + (sound.isOn || sound.isMute ? "" : " Sound is off: tap the page."));
    byId("voice-hint").hidden = sound.canSpeak;
    text("voice-hint", "This browser has no voice of its own: the count is a short high note instead.");
  }

  #soundChoices() {
    const { sound } = this;
    byId("sound-on").addEventListener("click", () => sound.unlock());
    for (const input of document.getElementsByName("verbosity")) {
      input.addEventListener("change", () => sound.choose({ verbosity: input.value }));
    }
    for (const [id, key] of [["metronome", "metronome"], ["angle-tone", "angle"]]) {
      byId(id).addEventListener("change", (event) => {
        sound.choose({ [key]: event.target.checked });
        if (event.target.checked && !sound.isOn) sound.unlock();
      });
    }
    this.showSound();
  }

  #press(id, command) {
    byId(id).addEventListener("click", async () => {
      const button = byId(id);
      button.setAttribute("aria-busy", "true");
      await this.do(...command());
      button.removeAttribute("aria-busy");
    });
  }

  #form(id, command) {
    byId(id).addEventListener("submit", async (event) => {
      event.preventDefault();
      if (await this.do(...command())) this.notice("Set.");
    });
  }

  /** The list stands beside the rest where there is room, and is opened over it where there is none. */
  #dialogs() {
    const reps = byId("reps");
    const place = () => {
      if (reps.open) reps.close();
      if (WIDE.matches) reps.show();
      byId("open-reps").hidden = WIDE.matches;
    };
    WIDE.addEventListener("change", place);
    place();
    document.activeElement?.blur(); // a dialog takes the focus, which this one is not to have
    for (const name of ["reps", "settings"]) {
      byId(`open-${name}`).addEventListener("click", () => {
        byId(name).append(byId("news")); // what lies outside of a modal dialog is neither seen nor read aloud
        byId(name).showModal();
      });
      byId(name).addEventListener("close", () => document.body.append(byId("news")));
      byId(name).addEventListener("click", (event) => {
        const closes = event.target === byId(name) || "close" in event.target.dataset;
        if (closes && byId(name).matches(":modal")) byId(name).close();
      });
    }
  }
}

function fill(id, value) {
  const input = byId(id);
  if (document.activeElement !== input && input.value !== String(value)) input.value = value;
}

function text(id, words) {
  if (byId(id).textContent !== words) byId(id).textContent = words;
}

/** A number that was typed in, null where there is none. */
function number(id) {
  const { value } = byId(id);
  return value.trim() === "" ? null : Number(value);
}
