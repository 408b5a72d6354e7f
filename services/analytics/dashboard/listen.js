import {h, s} from './dom.js';
import {position} from './format.js';

/** One pair of peaks stands for so many milliseconds. */
const PEAK_MS = 20;

/** What is said where a call has no recording that can be played; undefined: it has one. */
const WHY_NOT = {
  waiting: 'The recording is being put together: open this call again in a moment.',
  lost: 'This call was recorded, and no piece of the recording has arrived.',
};

/**
 * The recording of a call: the player, how loud each side is, and a cursor for the lanes; undefined if the call was not
 * recorded.
 */
export function listen({call: {callSid}, recording}) {
  if (!recording) return undefined;
  const {state, fromMs, missingMs} = recording;
  if (WHY_NOT[state]) return {element: h('p', {class: 'quiet'}, WHY_NOT[state])};
  const path = `/api/calls/${encodeURIComponent(callSid)}/recording`;
  const audio = h('audio', {
    controls: true,
    preload: 'none',
    src: `${path}.wav`,
    'aria-label': 'the recording of the call',
  });
  const note = h(
    'p',
    {class: 'quiet'},
    state === 'partial'
      ? `${(missingMs / 1_000).toFixed(1)} s are missing: a process died before they were stored. `
      : 'What was heard: nothing of an answer after its interruption. ',
    'A click into the lanes, on a word, a turn or an interruption plays from there; space plays and pauses. Each hearing is recorded in the audit.',
  );
  audio.addEventListener('error', () => {
    note.textContent = 'The recording cannot be played: sign in, or ask for the right to read what was said.';
  });
  return {
    element: h('div', {class: 'player'}, audio, note),
    /** The loudness of both sides, caller and assistant by turns; nothing if this viewer may not hear them. */
    peaks: fetch(`${path}.peaks`)
      .then(answer => (answer.ok ? answer.arrayBuffer() : new ArrayBuffer(0)))
      .then(bytes => ({fromMs, bytes: new Uint8Array(bytes)}))
      .catch(() => undefined),
    /** Plays from a moment of the call. */
    playFrom(atMs) {
      audio.currentTime = Math.max(0, (atMs - fromMs) / 1_000);
      audio.play().catch(() => {});
    },
    toggle() {
      if (audio.paused) audio.play().catch(() => {});
      else audio.pause();
    },
    /** Calls back with the moment of the call that is heard, for as long as it plays. */
    follow(moved) {
      const tell = () => moved(fromMs + audio.currentTime * 1_000);
      const step = () => {
        tell();
        if (!audio.paused && audio.isConnected) requestAnimationFrame(step);
      };
      audio.addEventListener('play', step);
      audio.addEventListener('seeked', tell);
    },
  };
}

/** The waveform of one side, as one path. `x`: where a moment of the call is; `y`: the middle of its lane. */
export function waveform({fromMs, bytes}, side, {x, y, half, zoom}) {
  const perBar = Math.max(1, Math.ceil(1_000 / PEAK_MS / zoom));
  const bars = [];
  for (let first = 0; first * 2 < bytes.length; first += perBar) {
    let peak = 0;
    for (let at = first; at < first + perBar; at += 1) peak = Math.max(peak, bytes[at * 2 + side] ?? 0);
    const tall = (Math.sqrt(peak / 255) * half).toFixed(1);
    if (peak > 1) bars.push(`M${x(fromMs + first * PEAK_MS).toFixed(1)} ${y - tall}V${y + Number(tall)}`);
  }
  return s('path', {class: 'wave', d: bars.join('')});
}

/**
 * The moment of the call that somebody looks at or hears. `goTo` moves the cursor there, and plays from there if there is
 * a recording.
 */
export function moments(listening, atMs) {
  const followers = [];
  const moved = at => {
    here.atMs = at;
    for (const follow of followers) follow(at);
  };
  const here = {
    atMs,
    onMove: follow => followers.push(follow),
    goTo(at) {
      moved(Math.max(0, at));
      listening?.playFrom?.(here.atMs);
    },
  };
  listening?.follow?.(moved);
  return here;
}

/** A button that goes to a moment, and plays it if there is a recording. */
export const playButton = (here, atMs) =>
  h(
    'button',
    {class: 'plain moment', onclick: () => here.goTo(atMs), 'aria-label': `go to ${position(atMs)}`},
    position(atMs),
  );
