/**
 * What the page of the phone says of its line, as a pure rule: `(line, event) → line`. A pause of the sound and a muted
 * microphone are said for as long as they last; then the page says again what is so.
 */
const SOUND_IS_PAUSED = 'The browser has paused the sound of this page, and the call ends soon: press “Go on”.';
const IS_MUTED =
  'Your microphone is muted by this computer, and the assistant does not hear you: turn it on again, or hang up.';
const NOT_A_NUMBER = 'That is not a number. Write one such as +4722334455: each assistant has its numbers in its file.';
const ANALYTICS_IS_AWAY = 'Analytics does not answer: see whether it runs, then call again.';

export const QUIET_LINE = {
  phase: 'idle',
  says: 'The microphone is used during the call only.',
  isPaused: false,
  isMuted: false,
};

/** Why a call ended that nobody ended on purpose. */
const ENDED_BY = {
  hungUp: 'You hung up.',
  over: 'The call is over.',
  microphone: 'The microphone is gone: plug it in, or allow it for this page, then call again.',
  broke: 'The connection to analytics broke, and the call ended with it: see whether analytics runs, then call again.',
  refused: 'Analytics did not open the line: load this page again, then call.',
};

/** A sentence of what came from elsewhere: it begins with a capital letter, and ends with one full stop. */
const asSentence = text => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/[.\s]+$/, '')}.`;

const notBegun = ({field, isAway, message, cure}) =>
  field === 'to' ? NOT_A_NUMBER : isAway ? ANALYTICS_IS_AWAY : asSentence(`${message}${cure ? `: ${cure}` : ''}`);

/** The line after an event: `{event, …}`, of the page, its sound, or the network. */
export function nextLine(line, event) {
  const says = text => ({...line, says: text});
  switch (event.event) {
    case 'calling':
      return {...QUIET_LINE, phase: 'calling', says: 'Calling …'};
    case 'notBegun':
      return {...QUIET_LINE, says: notBegun(event.problem)};
    case 'connected':
      return {...says('Connected: speak.'), phase: 'on'};
    case 'reconnecting':
      return says('The line is interrupted: the phone asks the network how the call goes on.');
    case 'say':
      return says(`The network says: “${event.text}”`);
    case 'killing':
      return says(`The ${event.what} ${event.id} was killed. Go on talking.`);
    case 'refused':
      return says(`Not done: ${asSentence(event.why)}`);
    case 'sound':
      return {...line, isPaused: event.isPaused};
    case 'muted':
      return {...line, isMuted: event.isMuted};
    case 'over':
      return {...QUIET_LINE, says: ENDED_BY[event.by] ?? asSentence(`The call ended: ${event.why}`)};
    default:
      return line;
  }
}

export const isOn = line => line.phase === 'on';
/** What is said now. */
export const sentenceOf = ({phase, says, isPaused, isMuted}) =>
  phase === 'idle' ? says : isPaused ? SOUND_IS_PAUSED : isMuted ? IS_MUTED : says;
