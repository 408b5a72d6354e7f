import type {Rehearsal} from './call-file.ts';
import type {ModelSaw} from './evidence.ts';

/** The other side of the assistants: a script, or a real model. */
export interface RehearsalModel extends AsyncDisposable {
  /** A server of the Realtime protocol, for the workers. */
  readonly url: string;
  readonly apiKey: string;
  /** The next call is about to begin. `tell` gets a line for what the model does. Returns the outcome of the call so far. */
  begin(rehearsal: Rehearsal, tell: (line: string) => void): () => ModelSaw;
}
