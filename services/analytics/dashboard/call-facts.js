import {ms} from './format.js';

/** What Twilio says that answered, for a person. */
const ANSWERED = {
  human: 'a person',
  machine_start: 'a machine',
  machine_end_beep: 'a machine, with a beep',
  machine_end_silence: 'a machine, without a beep',
  machine_end_other: 'a machine',
  fax: 'a fax',
};

/** Who called whom, what answered a call that we made, and whether the caller heard that a machine speaks. */
export function callFacts({call: {direction}, disclosure, answeredBy}) {
  const isOut = direction === 'outbound';
  return [
    ['Direction', isOut ? 'call out' : 'call in'],
    ...(isOut ? [['Answered by', ANSWERED[answeredBy] ?? 'unknown']] : []),
    ...(isOut || disclosure ? [['Disclosure', heard(disclosure)]] : []),
  ];
}

/** Whether what had to be said first was heard, when, and how that is known. */
function heard(disclosure) {
  if (!disclosure) return 'none';
  if (disclosure.heardAt === null) return 'not heard to its end';
  const known = disclosure.by === 'clock' ? ', by the clock' : '';
  const words = disclosure.verbatim === false ? ', not word for word' : '';
  return `heard after ${ms(disclosure.heardAt)}${known}${words}`;
}
