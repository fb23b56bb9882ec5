// What stands beside the count: one word, a time and what it is held against. Pure: the world in, words out.

const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
const lasting = (s) => (s < 99.95 ? Math.max(s, 0).toFixed(1) : clock(s));
const PHASES = ["lowering", "bottom", "lifting", "top"]; // in the order of a tempo

/** How old what is shown is. */
export const age = (s) => (s < 99.5 ? `${Math.round(s)} s` : clock(s));

/**
 * @param world everything that was told, and `online`, `age_s` (of the newest sample), `since_s` (since the last state)
 * @returns {{word, time, of, under, tone, share, stale}} `tone` is the colour's name, `share` 0 to 1 or null
 */
export function headline(world) {
  const plain = { time: "", of: "", under: "", tone: "muted", share: null, stale: true };
  const { link, state, settings } = world;
  if (!link) {
    const under = world.refused || "Looking for the program on this machine.";
    return { ...plain, word: world.refused ? "Not let in" : "Connecting", under };
  }
  const time = world.age_s === null ? "" : age(world.age_s);
  if (!world.online) {
    const under = world.refused || world.bye || "No connection to the program; trying again.";
    return { ...plain, word: "Not live", time, under, tone: "bad" };
  }
  if (link.stage !== "recording") {
    const word = { looking: "Looking", connecting: "Connecting", stopping: "Ending", stopped: "Ended", failed: "Failed" };
    return { ...plain, word: word[link.stage], under: link.text, tone: link.stage === "failed" ? "bad" : "muted" };
  }
  if (world.age_s === null) return { ...plain, word: "Waiting", under: "No sample has come yet." };
  if (world.age_s > world.stale_s) {
    return { ...plain, word: "No signal", time, under: link.warnings[0] ?? link.words, tone: "bad" };
  }
  return { ...live(state, settings, world.since_s), stale: false };
}

function live(state, settings, since_s) {
  const { calibrating, rest, hold } = state;
  if (calibrating) {
    const { left_s, wanted_s } = calibrating;
    const under = calibrating.elsewhere ? "Another posture: come into line" : "Hold the body in one straight line, still";
    return { word: "Straight line", time: "", of: "", under, tone: "warn", share: 1 - left_s / wanted_s };
  }
  if (rest) {
    const held = rest.held_s + since_s;
    const over = rest.target_s !== null && held >= rest.target_s;
    const of = rest.target_s === null ? "" : `of ${clock(rest.target_s)}`;
    const share = rest.target_s ? Math.min(held / rest.target_s, 1) : null;
    return { word: over ? "Rest is over" : "Rest", time: clock(held), of, under: "", tone: over ? "hold" : "muted", share };
  }
  if (hold) return held(hold, since_s);
  if (state.phase === "unknown") {
    return { word: "Ready", time: "", of: "", under: "Waiting for the first movement", tone: "muted", share: null };
  }
  const lasted = state.phase_s + since_s;
  const target = settings.phases_s[PHASES.indexOf(state.phase)];
  const tone = { lowering: "down", bottom: "bottom", lifting: "up" }[state.phase];
  const share = target ? Math.min(lasted / target, 1) : null;
  return { word: title(state.phase_words), time: lasting(lasted), of: target ? `of ${target} s` : "", under: "", tone, share };
}

function held(hold, since_s) {
  const lasted = hold.held_s + since_s;
  const reached = lasted >= hold.target_s;
  const of = hold.target_s ? `of ${hold.target_s} s${reached ? " ✓" : ""}` : "";
  const share = hold.target_s ? Math.min(lasted / hold.target_s, 1) : null;
  return { word: "Hold", time: lasting(lasted), of, under: "", tone: reached ? "hold" : "top", share };
}

const title = (word) => word[0] + word.slice(1).toLowerCase();
