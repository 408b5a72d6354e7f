import type {Assistant} from '../assistant.ts';

/** What whoever answered gets: nothing but what a person gets, no word at all, or the message for machines. */
export type ForMachine =
  | {readonly gets: 'nothing'}
  | {readonly gets: 'hang-up'}
  | {readonly gets: 'message'; readonly message: Exclude<Assistant['voicemail'], string>};

/** What has answered our call, in the carrier's words, and what is done about it: a machine is no person to talk with. */
export class AnsweringMachine {
  #answeredBy: string | undefined;
  #records = false;

  /** `answeredBy`: what another worker knew. */
  constructor(answeredBy: string | undefined) {
    this.#answeredBy = answeredBy;
  }

  /** A machine records what is said: it gets no answer to anything. */
  get records(): boolean {
    return this.#records;
  }

  /** The carrier says what has answered. `isNews`: it did not say so before. `isEnding`: the call is about to end. */
  answered(
    by: string,
    {voicemail, isEnding}: Pick<Assistant, 'voicemail'> & {readonly isEnding: boolean},
  ): ForMachine & {readonly isNews: boolean} {
    const isNews = this.#answeredBy !== by;
    this.#answeredBy = by;
    if (!isMachine(by) || voicemail === 'talk' || this.#records || isEnding) return {isNews, gets: 'nothing'};
    this.#records = true;
    if (voicemail === 'hang-up' || by === 'fax') return {isNews, gets: 'hang-up'};
    return {isNews, gets: 'message', message: voicemail};
  }
}

/** Twilio's words for machines: machine_start, machine_end_beep, machine_end_silence, machine_end_other, fax. */
function isMachine(answeredBy: string): boolean {
  return answeredBy.startsWith('machine_') || answeredBy === 'fax';
}
