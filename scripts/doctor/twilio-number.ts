import {messageOf} from '@voicebridge/shared/errors.ts';
import {broken, fine, skipped, warning, type Finding} from './finding.ts';
import type {DoctorSettings} from './settings.ts';
import {TwilioRefused, TwilioRest, type PhoneNumber} from './twilio-rest.ts';

const FIX = 'npm run doctor -- --fix sets it up, or paste the address into the console (npm start prints it).';

/** Behind an address: Twilio asks again, up to twice, after any failure; by default it does only if it cannot connect. */
const ASKS_AGAIN = '#rc=2&rp=all';

/** How a number must be set up. `VoiceFallbackUrl` stays as it is. */
function wanted(webhookUrl: string) {
  return {
    VoiceUrl: `${webhookUrl}/incoming-call${ASKS_AGAIN}`,
    VoiceMethod: 'POST',
    StatusCallback: `${webhookUrl}/call-status`,
    StatusCallbackMethod: 'POST',
    // An application or a trunk would come before the webhook.
    VoiceApplicationSid: '',
    TrunkSid: '',
  };
}

/** The account and the number at Twilio. `fix`: sets the number up. */
export async function checkNumber(settings: DoctorSettings, {fix}: {readonly fix: boolean}): Promise<Finding[]> {
  const {accountSid, tokens, webhookUrl, number} = settings;
  const [token] = tokens;
  if (accountSid === undefined || token === undefined)
    return [skipped('to look at your number, set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_NUMBER')];
  const rest = new TwilioRest(accountSid, token, settings);
  try {
    const {status, type} = await rest.account();
    const account =
      status === 'active' ? [] : [broken(`the account is ${status}`, 'Open https://console.twilio.com and see why.')];
    const trial =
      type === 'Trial'
        ? [warning('a trial account speaks a notice first, and takes few calls', 'Upgrade the account.')]
        : [];
    const found = await rest.numbers(number);
    const ours = number === undefined ? found.filter(one => pointsTo(one, webhookUrl)) : found.slice(0, 1);
    const [one] = ours;
    if (one === undefined) return [...account, ...trial, notFound(number, found.length)];
    return [...account, ...trial, ...(await lookAt(one))];
  } catch (thrown) {
    const cure = 'Compare both with the front page of https://console.twilio.com.';
    return [
      broken(
        messageOf(thrown),
        thrown instanceof TwilioRefused ? cure : 'Twilio’s REST API must be reachable from here.',
      ),
    ];
  }

  async function lookAt(one: PhoneNumber): Promise<Finding[]> {
    const {phone_number: name, capabilities} = one;
    if (capabilities?.voice === false)
      return [broken(`${name} takes no calls`, 'Buy a number with the capability Voice.')];
    if (webhookUrl === undefined)
      return [
        warning(
          `${name} is yours, and there is no PUBLIC_WEBHOOK_URL for it`,
          'npm start -- --tunnel opens a tunnel and sets it up.',
        ),
      ];
    const problems = problemsOf(one, webhookUrl);
    if (problems.length === 0) return [fine(`${name} leads to ${one.voice_url}`)];
    if (!fix) return problems;
    await rest.update(one.sid, wanted(webhookUrl));
    return [fine(`${name} was set up; before, it led to ${one.voice_url || 'nothing'}`)];
  }
}

/** Sets the number up for this public address. Throws `TwilioRefused`. */
export async function setUpNumber(
  {accountSid, token, number, twilioApi}: {accountSid: string; token: string; number: string; twilioApi: string},
  webhookUrl: string,
): Promise<void> {
  const rest = new TwilioRest(accountSid, token, {twilioApi});
  const [one] = await rest.numbers(number);
  if (!one) throw new TwilioRefused(`the account has no number ${number}`);
  await rest.update(one.sid, wanted(webhookUrl));
}

function notFound(number: string | undefined, others: number): Finding {
  if (number !== undefined)
    return broken(`the account has no number ${number}`, 'Correct TWILIO_NUMBER or TWILIO_ACCOUNT_SID.');
  if (others === 0) return broken('the account has no number', 'Buy one: https://console.twilio.com, Phone Numbers.');
  return warning(
    `none of the account's ${others === 50 ? 'first 50 ' : ''}numbers leads here`,
    'Set TWILIO_NUMBER, then npm run doctor -- --fix.',
  );
}

function pointsTo({voice_url: url}: PhoneNumber, webhookUrl: string | undefined): boolean {
  return webhookUrl !== undefined && (url ?? '').startsWith(webhookUrl);
}

function problemsOf(one: PhoneNumber, webhookUrl: string): Finding[] {
  const {VoiceUrl, StatusCallback} = wanted(webhookUrl);
  const name = one.phone_number;
  // Other time-outs and retries are right, too.
  const bare = (url: string | null | undefined) => (url ?? '').replace(/#.*$/, '');
  const leadsTo = bare(one.voice_url);
  const findings: Finding[] = [];
  if (one.voice_application_sid || one.trunk_sid)
    findings.push(
      broken(
        `${name} belongs to ${one.trunk_sid ? 'a SIP trunk' : 'a TwiML application'}, so its webhook is not asked`,
        FIX,
      ),
    );
  else if (leadsTo !== bare(VoiceUrl))
    findings.push(broken(`${name} leads to ${one.voice_url || 'nothing'}, not to ${bare(VoiceUrl)}`, FIX));
  else if (one.voice_method !== 'POST') findings.push(warning(`${name} asks by ${one.voice_method}`, FIX));
  if (bare(one.status_callback) !== StatusCallback)
    findings.push(
      warning(
        `${name} does not report ended calls to ${StatusCallback}: those that end while they ring are noticed late`,
        FIX,
      ),
    );
  return findings;
}
