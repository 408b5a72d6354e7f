import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Assistant} from '../assistant.ts';
import type {SessionSettings} from '../model/model-adapter.ts';
import type {CallDeps} from './call-deps.ts';
import {sessionSettings} from './session-settings.ts';
import {onCall} from './spoken-first.ts';

/** Who speaks on one call: another assistant after a tool gave the call to it. */
export class SpeakingAssistant {
  readonly #call: Pick<CallEntry, 'facts'>;
  readonly #named: CallDeps['assistantNamed'];
  /** Sessions that are opened from now on are this one's. */
  #current: Assistant;

  /** `found`: the assistant that was chosen for the call. `named`: finds another one by its name. */
  constructor(found: Assistant, call: Pick<CallEntry, 'facts'>, named: CallDeps['assistantNamed']) {
    this.#call = call;
    this.#named = named;
    this.#current = onCall(found, call.facts);
  }

  get current(): Assistant {
    return this.#current;
  }

  /** What a model session of this assistant is opened with. */
  get sessionSettings(): SessionSettings {
    return sessionSettings(this.#current, this.#call);
  }

  /** Gives the call to the assistant `to`, and returns it; or the reason why it stays where it is, for the model. */
  switchTo(to: string): Assistant | string {
    const {model, name, given} = this.#current;
    const found = this.#named(to, given);
    if (!found) return `there is no ${to} any more`;
    // A session cannot change its model, and another session would have to be told the whole conversation.
    if (found.model !== model) return `${to} has another model`;
    if (to === name) return `you are ${name} already`;
    this.#current = found;
    return found;
  }
}
