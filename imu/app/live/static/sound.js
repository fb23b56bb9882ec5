// What is heard. The program says what and when (imu/coach); here it is played, or left out as this device was told.

const LEVELS = ["off", "count", "coach"];
const KEPT = "imu-live-sound";
const LATE_MS = 3000; // a sentence that had to wait so long is not said any more
const VOLUME = 0.25;
const LOWEST_HZ = 220; // the tone that follows the angle: as imu.coach.hz_of_pitch
const OCTAVE_DEG = 60;

export const hzOfPitch = (deg) => LOWEST_HZ * 2 ** ((deg + 90) / OCTAVE_DEG);

export class Sound {
  /** `change()` is called when what is shown of it changes. */
  constructor(change) {
    this.change = change;
    this.chosen = { wanted: false, verbosity: "coach", metronome: false, angle: false, ...kept() };
    this.context = null;
    this.playing = { tone: [], pace: [] };
    this.line = []; // what is still to be said
    this.speaking = null;
    this.follower = null;
    window.speechSynthesis?.addEventListener?.("voiceschanged", () => this.change());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#resume());
  }

  /** Whether something can be heard now; browsers wait for a tap. */
  get isOn() {
    return this.chosen.wanted && this.context?.state === "running";
  }

  get isMute() {
    return this.chosen.verbosity === "off";
  }

  /** Whether a voice of this device can speak; one in the network is not asked. */
  get canSpeak() {
    const voices = window.speechSynthesis?.getVoices() ?? [];
    return Boolean(window.speechSynthesis) && (!voices.length || voices.some((voice) => voice.localService));
  }

  choose(changes) {
    Object.assign(this.chosen, changes);
    try {
      localStorage.setItem(KEPT, JSON.stringify(this.chosen));
    } catch {} // private windows keep nothing
    if (this.isMute) this.silence();
    if (!this.chosen.angle) this.follow(null);
    if (!this.chosen.metronome) this.#stop("pace");
    this.change();
  }

  /** To be called from a tap: from then on the page may sound. */
  async unlock({ aloud = true } = {}) {
    this.context ??= new (window.AudioContext || window.webkitAudioContext)();
    this.context.onstatechange = () => this.change();
    if (navigator.audioSession) navigator.audioSession.type = "playback"; // iOS: also with the ringer off
    this.choose({ wanted: true });
    if (aloud && !this.isMute) {
      this.#tone("tone", 660, 0.08, 0);
      this.#say("sound on", "sound");
    }
    await this.context.resume().catch(() => {});
    this.change();
  }

  /** After a reload the page may not sound before the first tap, wherever that is. */
  unlockAtFirstTap() {
    if (!this.chosen.wanted) return;
    const tapped = (event) => {
      if (this.context || event.target.closest?.("#sound-on")) return;
      this.unlock({ aloud: false });
    };
    for (const kind of ["pointerup", "keydown"]) document.addEventListener(kind, tapped, { once: true });
  }

  play(cue) {
    if (!this.isOn || LEVELS.indexOf(cue.level) > LEVELS.indexOf(this.chosen.verbosity) || this.isMute) return;
    if (cue.what === "say") this.#say(cue.text, cue.why);
    else if (cue.what === "tone") this.#only("tone", [{ after_s: 0, hz: cue.hz, length_s: cue.length_s }]);
    else if (cue.what === "pace") this.#only("pace", this.chosen.metronome ? cue.beats : []);
    else if (cue.what === "hush") {
      this.#stop("tone");
      this.#stop("pace");
    }
  }

  /** The tone that follows the trunk, or none. */
  follow(deg) {
    const sounds = deg !== null && this.isOn && !this.isMute && this.chosen.angle;
    if (!sounds && !this.follower) return;
    const at = this.context.currentTime;
    if (!this.follower) {
      const [source, gain] = this.#source(hzOfPitch(deg), at);
      gain.gain.setValueAtTime(0, at);
      source.start(at);
      this.follower = { source, gain };
    }
    if (sounds) this.follower.source.frequency.setTargetAtTime(hzOfPitch(deg), at, 0.03);
    this.follower.gain.gain.setTargetAtTime(sounds ? 0.3 * VOLUME : 0, at, 0.05);
  }

  silence() {
    this.line = [];
    window.speechSynthesis?.cancel();
    this.#stop("tone");
    this.#stop("pace");
    this.follow(null);
  }

  #resume() {
    if (this.chosen.wanted && this.context?.state !== "running") this.context?.resume().catch(() => {});
  }

  #only(kind, notes) {
    this.#stop(kind);
    for (const { after_s, hz, length_s } of notes) this.#tone(kind, hz, length_s, after_s);
  }

  #tone(kind, hz, length_s, after_s) {
    const at = this.context.currentTime + after_s;
    const [source, gain] = this.#source(hz, at);
    const end = at + length_s;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(VOLUME, at + 0.01);
    gain.gain.setValueAtTime(VOLUME, Math.max(end - 0.03, at + 0.01));
    gain.gain.linearRampToValueAtTime(0, end);
    source.start(at);
    source.stop(end);
    this.playing[kind].push(source);
    source.onended = () => (this.playing[kind] = this.playing[kind].filter((one) => one !== source));
  }

  #source(hz, at) {
    const source = this.context.createOscillator();
    const gain = this.context.createGain();
    source.frequency.setValueAtTime(hz, at);
    source.connect(gain).connect(this.context.destination);
    return [source, gain];
  }

  #stop(kind) {
    for (const source of this.playing[kind]) source.stop();
    this.playing[kind] = [];
  }

  /** A count interrupts what is being said; anything else waits its turn, but not for long. */
  #say(text, why) {
    if (!this.canSpeak) return this.#beep(why);
    if (why === "count") {
      this.line = [];
      this.speaking = null;
      if (speechSynthesis.speaking || speechSynthesis.pending) speechSynthesis.cancel(); // some drop what follows one
    }
    this.line.push({ text, at: Date.now() });
    if (!this.speaking) this.#next();
  }

  #next() {
    this.line = this.line.filter((one) => Date.now() - one.at < LATE_MS);
    const one = this.line.shift();
    if (!one) return (this.speaking = null);
    const speech = (this.speaking = new SpeechSynthesisUtterance(one.text));
    const voices = speechSynthesis.getVoices().filter((voice) => voice.localService && voice.lang.startsWith("en"));
    if (voices.length) speech.voice = voices.find((voice) => voice.default) ?? voices[0];
    speech.lang = "en";
    speech.rate = 1.15;
    const done = () => {
      clearTimeout(timer);
      if (this.speaking === speech) this.#next();
    };
    const timer = setTimeout(done, 1500 + 100 * one.text.length); // some browsers never say that it ended
    speech.onend = speech.onerror = done;
    speechSynthesis.speak(speech);
  }

  /** Without a voice a count is one short high note, and anything else a low one. */
  #beep(why) {
    this.#tone("tone", why === "count" ? 1046.5 : 330, why === "count" ? 0.09 : 0.2, 0);
  }
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}
