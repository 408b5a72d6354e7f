import type {Clock} from '@voicebridge/shared/time.ts';
import {type CallFacts, identityParams, standardParams} from './call-facts.ts';
import type {WebhookReport} from '../report/call-report.ts';
import {readOverrides} from '../twiml/connection-overrides.ts';
import type {Params, WebhookAnswer, WebhookClient, WebhookRequest} from '../twiml/webhook-client.ts';

export interface CallWebhooksDeps {
  readonly client: WebhookClient;
  readonly clock: Clock;
  readonly call: CallFacts;
  readonly badSignature: boolean;
  readonly alert: (code: number, detail: string) => void;
  readonly asked: (webhook: WebhookReport) => void;
}

/** Every request that Twilio makes about one call. */
export class CallWebhooks {
  readonly #deps: CallWebhooksDeps;
  readonly #reports: WebhookReport[] = [];
  readonly #pending = new Set<Promise<void>>();
  #silent = false;

  constructor(deps: CallWebhooksDeps) {
    this.#deps = deps;
  }

  /** Asks what to do next. */
  async ask(purpose: WebhookReport['purpose'], request: WebhookRequest): Promise<WebhookAnswer> {
    const {client, clock, call, badSignature, asked} = this.#deps;
    const at = clock.now();
    const params = {...(purpose === 'machine' ? identityParams(call) : standardParams(call)), ...request.params};
    const answer = await client.ask({...request, params, badSignature});
    const told =
      request.params['StreamEvent'] ??
      request.params['AnsweredBy'] ??
      (purpose === 'stream-status' ? undefined : params['CallStatus']);
    const report: WebhookReport = {
      purpose,
      url: readOverrides(request.url).url,
      at,
      ms: clock.now() - at,
      ...(answer.ok ? {status: answer.status} : {error: answer.code}),
      ...(told === undefined ? {} : {told}),
    };
    this.#reports.push(report);
    asked(report);
    return answer;
  }

  /** Sends a notification. The call does not wait for the answer, and only its status counts; the promise is for callers that must wait. */
  tell(purpose: WebhookReport['purpose'], url: string, params: Params, method: 'GET' | 'POST' = 'POST'): Promise<void> {
    if (this.#silent) return Promise.resolve();
    const telling = this.#tell(purpose, {url, method, params});
    this.#pending.add(telling);
    void telling.finally(() => this.#pending.delete(telling));
    return telling;
  }

  /** Says nothing more. */
  silence(): void {
    this.#silent = true;
  }

  /** When everything that was told has been answered. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  get reports(): readonly WebhookReport[] {
    return this.#reports;
  }

  async #tell(purpose: WebhookReport['purpose'], request: WebhookRequest): Promise<void> {
    const answer = await this.ask(purpose, request);
    if (this.#silent) return;
    if (!answer.ok) this.#deps.alert(answer.code, `${purpose}: ${answer.detail}`);
    else if (answer.status >= 400) this.#deps.alert(15003, `${purpose} was answered with ${answer.status}`);
  }
}
