import type {Definition} from '@voicebridge/assistant/definition.ts';
import {AssistantsFolder, type LoadedAssistant} from '@voicebridge/assistant/load/read-folder.ts';
import {variablesIn} from '@voicebridge/assistant/variables.ts';
import {broken, fine, skipped, warning, type Finding} from './finding.ts';
import type {DoctorSettings} from './settings.ts';

type Settings = Pick<DoctorSettings, 'assistants' | 'accountSid' | 'tokens' | 'callsOut' | 'transferAllow'>;
type Tool = NonNullable<Definition['tools']>[string];

/** The files of assistants, and whether the settings let them do what they say. */
export async function checkAssistants(settings: Settings): Promise<Finding[]> {
  using folder = new AssistantsFolder(settings.assistants);
  const {assistants, problems} = await folder.read();
  const wrong = problems.map(problem => broken(problem, 'No worker starts before this is right.'));
  const found = [...wrong, ...assistants.flatMap(each => needsOf(each, settings))];
  if (found.length > 0) return found;
  if (assistants.length === 0) return [skipped(`no files in ${settings.assistants}: SYSTEM_MESSAGE answers all calls`)];
  return [fine(`${assistants.length} in the folder ${settings.assistants}, with all settings that they need`)];
}

/** What an assistant does that these settings do not let it do. */
function needsOf({file, definition}: LoadedAssistant, settings: Settings): Finding[] {
  const {accountSid, tokens} = settings;
  const hasAccount = accountSid !== undefined && tokens.length > 0;
  const found = Object.entries(definition.tools ?? {}).flatMap(([name, tool]) =>
    needsOfTool(`${file}: ${name}`, tool, {...settings, hasAccount}),
  );
  // Only outbound calls meet a machine.
  if (definition.voicemail !== undefined && !hasAccount)
    found.push(
      warning(
        `${file}: voicemail is for outbound calls, and no call can be made: TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is not set`,
        'Set both, CALL_FROM and CALL_ALLOW on the webhook, or take voicemail out of the file.',
      ),
    );
  return found;
}

function needsOfTool(
  where: string,
  tool: Tool,
  {hasAccount, callsOut, transferAllow}: Settings & {readonly hasAccount: boolean},
): Finding[] {
  if (tool === false) return [];
  if (tool.kind === 'built-in' && tool.name === 'schedule_callback')
    return needsOfCallback(where, {hasAccount, callsOut});
  if (tool.kind !== 'transfer') return [];
  const found: Finding[] = [];
  if (tool.warm === true && !hasAccount)
    found.push(
      warning(
        `${where} is a warm transfer, and TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is not set: callers hear a ring tone, not music`,
        'Set both on the webhook (console.twilio.com, front page), or take warm out of the file.',
      ),
    );
  if (isChosen(tool.to) && transferAllow.length === 0)
    found.push(
      warning(
        `${where} may go nowhere: its destination is chosen during the call, and TRANSFER_ALLOW is not set`,
        'Set TRANSFER_ALLOW on webhook and workers, such as +47*, or write the destination into the file.',
      ),
    );
  return found;
}

function needsOfCallback(
  where: string,
  {hasAccount, callsOut}: Pick<Settings, 'callsOut'> & {readonly hasAccount: boolean},
): Finding[] {
  const missing = [
    ...(callsOut.isKnown ? [] : ['CALLS_URL and CALLS_TOKEN on the workers']),
    ...(hasAccount ? [] : ['TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN on the webhook']),
    ...(callsOut.isAllowed ? [] : ['CALL_ALLOW and CALL_FROM on the webhook']),
  ];
  if (missing.length === 0) return [];
  return [
    warning(
      `${where} can call nobody back: ${missing.join('; ')} are not set`,
      'Set them, or take the tool out of the file: the model is told that it cannot be done.',
    ),
  ];
}

/** A variable or the model says where it goes. */
function isChosen(to: Extract<Tool, {kind: 'transfer'}>['to']): boolean {
  return typeof to === 'string' && (to === '*' || variablesIn(to).length > 0);
}
