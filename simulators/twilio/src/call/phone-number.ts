import type {Method} from '../twiml/stream-noun.ts';

/** How a number is set up: the fields of https://www.twilio.com/docs/phone-numbers/api that concern calls. */
interface SetUp {
  voiceUrl: string;
  voiceMethod: Method;
  statusCallback: string;
  statusCallbackMethod: Method;
  voiceApplicationSid: string;
  trunkSid: string;
}

/** The parameters of an update, and the field that each sets. */
const PARAMETERS: Readonly<Record<string, keyof SetUp>> = {
  VoiceUrl: 'voiceUrl',
  VoiceMethod: 'voiceMethod',
  StatusCallback: 'statusCallback',
  StatusCallbackMethod: 'statusCallbackMethod',
  VoiceApplicationSid: 'voiceApplicationSid',
  TrunkSid: 'trunkSid',
};

/** The number of the fake account. REST reads it and sets it up; whoever dials it reaches what it is set up with. */
export class PhoneNumber {
  readonly sid = `PN${'0'.repeat(31)}2`;
  readonly number: string;
  setUp: Readonly<SetUp>;

  constructor(number: string, voiceUrl: string, statusCallback: string) {
    this.number = number;
    this.setUp = {
      voiceUrl,
      voiceMethod: 'POST',
      statusCallback,
      statusCallbackMethod: 'POST',
      voiceApplicationSid: '',
      trunkSid: '',
    };
  }

  /** Undefined if a parameter is none. */
  update(form: URLSearchParams): object | undefined {
    const changes = [...form].map(([name, value]) => [PARAMETERS[name], value] as const);
    if (changes.some(([field]) => field === undefined)) return undefined;
    this.setUp = {...this.setUp, ...Object.fromEntries(changes)};
    return this.describe();
  }

  describe(): object {
    const {voiceUrl, voiceMethod, statusCallback, statusCallbackMethod, voiceApplicationSid, trunkSid} = this.setUp;
    return {
      sid: this.sid,
      phone_number: this.number,
      voice_url: voiceUrl,
      voice_method: voiceMethod,
      status_callback: statusCallback,
      status_callback_method: statusCallbackMethod,
      voice_application_sid: voiceApplicationSid || null,
      trunk_sid: trunkSid || null,
      capabilities: {voice: true, sms: true, mms: true},
    };
  }
}
