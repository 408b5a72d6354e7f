import {type AskTwilio, refusalOf, twilioRest} from '../../services/webhook/src/carriers/twilio/rest.ts';
import {ask} from './ask.ts';
import type {DoctorSettings} from './settings.ts';

/** A number of the account, as far as it matters for calls. */
export interface PhoneNumber {
  readonly sid: string;
  readonly phone_number: string;
  readonly voice_url: string | null;
  readonly voice_method: string | null;
  readonly status_callback: string | null;
  readonly voice_application_sid: string | null;
  readonly trunk_sid: string | null;
  readonly capabilities?: {readonly voice?: boolean};
}

export interface Account {
  readonly status: string;
  readonly type: string;
}

/** Twilio refused a request of ours. The message says what and which of the settings to look at. */
export class TwilioRefused extends Error {
  override readonly name = 'TwilioRefused';
}

/** Twilio's REST API for one account, as far as we use it: https://www.twilio.com/docs/phone-numbers/api */
export class TwilioRest {
  readonly #rest: AskTwilio;

  constructor(accountSid: string, token: string, {twilioApi}: Pick<DoctorSettings, 'twilioApi'>) {
    this.#rest = twilioRest({api: twilioApi, accountSid, token}, ask);
  }

  async account(): Promise<Account> {
    return (await this.#ask('.json')) as Account;
  }

  /** The number, or undefined if the account has none like it; without `number` the first fifty. */
  async numbers(number?: string): Promise<readonly PhoneNumber[]> {
    const query = new URLSearchParams({PageSize: '50', ...(number === undefined ? {} : {PhoneNumber: number})});
    const page = (await this.#ask(`/IncomingPhoneNumbers.json?${query.toString()}`)) as {
      incoming_phone_numbers: readonly PhoneNumber[];
    };
    return page.incoming_phone_numbers;
  }

  async update(sid: string, form: Readonly<Record<string, string>>): Promise<PhoneNumber> {
    return (await this.#ask(`/IncomingPhoneNumbers/${sid}.json`, form)) as PhoneNumber;
  }

  async #ask(path: string, form?: Readonly<Record<string, string>>): Promise<unknown> {
    const answer = await this.#rest(path, form);
    if (answer.status === 401) throw new TwilioRefused('Twilio refuses TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN');
    if (answer.status >= 400) throw new TwilioRefused(refusalOf(answer));
    return JSON.parse(answer.body);
  }
}
