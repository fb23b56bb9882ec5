// Runs before the page: writes down what is spoken and played, instead of playing it, and what the page shows then.
window.__heard = [];
{
  const text = (id) => document.getElementById(id)?.textContent;
  const note = (what) => window.__heard.push({ phase: text("phase"), count: text("count"), ...what });
  const speech = {
    speaking: false,
    speak(one) {
      note({ say: one.text });
      this.speaking = true;
      setTimeout(() => {
        this.speaking = false;
        one.onend?.();
      }, window.__speech_ms ?? 5);
    },
    cancel() {
      this.speaking = false;
      note({ cancel: true });
    },
    getVoices: () => window.__voices ?? [],
    addEventListener() {},
  };
  Object.defineProperty(window, "speechSynthesis", { value: speech });

  const make = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () {
    const source = make.call(this);
    const set = source.frequency.setValueAtTime.bind(source.frequency);
    const start = source.start.bind(source);
    const stop = source.stop.bind(source);
    let hz = null;
    let noted = null;
    source.frequency.setValueAtTime = (value, at) => set((hz = value), at);
    source.start = (at) => {
      note({ tone: hz, from: at, until: null });
      noted = window.__heard.at(-1);
      start(at);
    };
    source.stop = (at) => {
      noted.until = at ?? this.currentTime;
      stop(at);
    };
    return source;
  };

  const gains = (window.__gains = []);
  const makeGain = AudioContext.prototype.createGain;
  AudioContext.prototype.createGain = function () {
    const made = makeGain.call(this);
    gains.push(made.gain);
    return made;
  };
}
