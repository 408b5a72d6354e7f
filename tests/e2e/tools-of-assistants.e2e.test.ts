import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {CALLS_QUEUE, CALLS_QUEUE_PREFIX} from '@voicebridge/shared/cdr/analytics-queue.ts';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {Queue} from 'bullmq';
import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest';
import {scriptedModel} from '../../scripts/rehearse/scripted-model.ts';
import {startHttpServer, THIS_FILE as MCP_COMMAND} from '../../services/realtime-worker/src/testing/mcp-test-server.ts';
import type {Reply, Turn} from '../../simulators/openai/src/answering/model-script.ts';
import {type FakeOpenAI, startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import type {CallerScript, FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {haveEnded} from '../../tools/harness/callers.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';

const folder = mkdtempSync(join(tmpdir(), 'tools-'));
const silence = {do: 'waitForSilence', ms: 400} as const;
const yes: CallerScript = [silence, {do: 'say', clip: 'caller-yes'}];
let model: FakeOpenAI;
/** Hangs up when the assistant has begun to say this, and was then silent. */
const after = (words: string): CallerScript => [
  {do: 'until', until: () => model.sessions.some(({items}) => items.some(({text}) => text === words))},
  silence,
  {do: 'hangUp'},
];

/** What a call was: its phone, its record, and what the model knows of tools in the end. */
interface Truth {
  readonly report: CallReport;
  readonly record: CallFinished;
  /** What each session of the model was told about tools, in order. */
  readonly outputs: readonly (readonly string[])[];
  readonly sessions: readonly FakeOpenAI['sessions'][number][];
}

/** One caller, whose assistant has tools of a kind. */
interface Row {
  readonly prompt: string;
  readonly file: (own: {readonly url: string; readonly mcpUrl: string}) => string;
  readonly model: (turn: Turn) => Reply;
  readonly caller: CallerScript;
}

const billing = (): Reply => [{say: {text: 'Billing here.', audioMs: 400}}];
const imports = (
  names: string,
) => `import {assistant, ${names}} from '${import.meta.resolve('@voicebridge/assistant')}';
import {z} from '${import.meta.resolve('zod')}';
`;

/** Lets the caller enter a PIN, has it checked, and passes them on. */
function pinModel({session, kind}: Turn): Reply {
  if (kind === 'greeting')
    return [{say: {text: 'Your PIN, please.', audioMs: 400}}, {call: {name: 'enter_pin', arguments: {}}}];
  const called = session.items.filter(item => item.type === 'function_call').length;
  if (kind === 'tool-result' && called === 1) return [{call: {name: 'check_pin', arguments: {}}}];
  return [{say: {text: 'I pass you on.', audioMs: 400}}, {call: {name: 'pass_on', arguments: {assistant: 'billing'}}}];
}

/** Hangs up right after its greeting, and again after the caller has spoken. */
function hastyModel({kind, session}: Turn): Reply {
  if (kind === 'greeting') return [{say: {text: 'Hello.', audioMs: 400}}, {call: {name: 'hang_up', arguments: {}}}];
  if (!session.items.some(({role}) => role === 'user')) return [{say: {text: 'Are you there?', audioMs: 400}}];
  return [{say: {text: 'Bye.', audioMs: 300}}, {call: {name: 'hang_up', arguments: {}}}];
}

const HOSTED = 'https://crm.example.com/mcp';

/** Looks something up with its provider, is to ask for a yes, and loses its session while its provider runs a tool. */
function hostedModel({session}: Turn): Reply {
  const turns = session.items.filter(({role}) => role === 'user').length;
  const made = session.items.filter(({type, callId}) => type === 'mcp_call' || callId !== undefined).length;
  const wasAsked = session.items.some(({type}) => type === 'mcp_approval_response');
  const call = (name: string): Reply => [{mcp: {server: 'crm', name, arguments: {order: '7'}}}];
  const say = (text: string): Reply => [{say: {text, audioMs: 300}}];
  if (turns === 0) return say('Hello.');
  if (turns === 1) return made === 0 ? call('find') : wasAsked ? say('Shall I cancel it?') : call('cancel');
  if (turns === 2) return made === 1 ? call('cancel') : say('It is done.');
  return session.items.some(({payload}) => payload.includes('not known')) ? say('I cannot be sure.') : call('hang');
}

const rows = {
  note: {
    prompt: 'You take notes.',
    file: () => `greeting: Hello.
tools: {write_down: {kind: note, fields: {guests: {type: number}, name: {type: string}}}}
`,
    model: scriptedModel([
      {calls: {write_down: {guests: 'four'}}},
      {calls: {write_down: {guests: 4, name: 'Larsen'}}},
      {says: 'It is noted.'},
    ]),
    caller: [...yes, ...after('It is noted.')],
  },
  mcp: {
    prompt: 'You have servers.',
    file: ({mcpUrl}) => `greeting: Hello.
tools:
  orders:
    kind: mcp
    command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(MCP_COMMAND)}]
    allow: [find, cancel.order]
    approve: true
    env: [CRM_TOKEN]
  shop:
    {kind: mcp, url: '${mcpUrl}', allowPrivate: true, headers: {authorization: {env: CRM_TOKEN, prefix: 'Bearer '}}}
`,
    model: scriptedModel([
      {calls: [{orders_find: {order: '7'}}, {shop_find: {order: '8'}}]},
      {calls: {orders_cancel_order: {order: '7'}}},
      {says: 'Shall I cancel it?'},
      {calls: {orders_cancel_order: {order: '7'}}},
      {says: 'It is cancelled.'},
    ]),
    caller: [...yes, ...yes, ...after('It is cancelled.')],
  },
  hosted: {
    prompt: 'Your provider asks servers.',
    file: () => `greeting: Hello.
tools:
  crm:
    kind: mcp
    url: ${HOSTED}
    hosted: true
    allow: [find, cancel, hang]
    approve: [cancel]
    headers: {authorization: {env: CRM_TOKEN, prefix: 'Bearer '}}
`,
    model: hostedModel,
    caller: [...yes, ...yes, ...yes, ...after('I cannot be sure.')],
  },
  code: {
    prompt: 'You have code.',
    file: ({url}) => `${imports('http, tool')}
const input = z.object({dish: z.string()});
export default assistant({
  greeting: 'Hello.',
  tools: {
    price: tool({about: 'The price.', input, run: ({dish}, {callSid}) => ({dish, callSid}), record: 'keep'}),
    order: http.post({about: 'Orders.', input, url: '${url}/order', allowPrivate: true, oncePerCall: true}),
    wait: http.get({about: 'Never answers.', input, url: '${url}/never', allowPrivate: true, timeoutMs: 1_500,
      while: {say: 'One moment.', afterMs: 300}}),
  },
});
`,
    model: scriptedModel([
      {calls: [{price: {dish: 'soup'}}, {order: {dish: 'soup'}}, {wait: {dish: 'soup'}}]},
      {calls: [{order: {dish: 'soup'}}, {price: '{"dish": "so'}]},
      {calls: [{price: {dish: 7}}, {cook: {dish: 'soup'}}]},
      {says: 'It is ordered.'},
    ]),
    caller: [...yes, ...after('It is ordered.')],
  },
  odd: {
    prompt: 'You have an odd server.',
    file: ({url}) => `greeting: Hello.
tools:
  page: {kind: http, about: Answers HTML., url: '${url}/html', allowPrivate: true}
  flood: {kind: http, about: Answers without end., url: '${url}/flood', allowPrivate: true}
  empty: {kind: http, about: Answers nothing., url: '${url}/empty', allowPrivate: true}
  broken: {kind: http, about: Answers 500., url: '${url}/broken', allowPrivate: true}
  private: {kind: http, about: Is refused., url: '${url}/order'}
`,
    model: scriptedModel([
      {calls: [{page: {}}, {flood: {}}, {empty: {}}, {broken: {}}, {private: {}}]},
      {says: 'That did not work.'},
    ]),
    caller: [...yes, ...after('That did not work.')],
  },
  hasty: {
    prompt: 'You hang up.',
    file: () => 'greeting: {instruct: Greet the caller.}\n',
    model: hastyModel,
    caller: yes,
  },
  pin: {
    prompt: 'You are a reception.',
    file: ({url}) => `greeting: {instruct: Ask for the PIN.}
tools:
  enter_pin: {kind: collect-digits, as: pin, digits: 4}
  check_pin: {kind: http, method: POST, about: Checks the PIN., url: '${url}/pins', allowPrivate: true, secrets: [pin]}
  pass_on: {kind: switch-to, to: [billing]}
`,
    model: pinModel,
    caller: [
      {do: 'waitForSilence', ms: 300},
      ...Array.from('1234').map(digit => ({do: 'press', digit}) as const),
      ...after('Billing here.'),
    ],
  },
} satisfies Readonly<Record<string, Row>>;
type Name = keyof typeof rows;
const all = Object.entries(rows) as readonly (readonly [Name, Row])[];
const numberOf = (name: Name) => `+471111111${all.findIndex(([other]) => other === name)}`;

/** Answers in the way that the path says; `/never`: not at all. */
function answer(path: string, response: ServerResponse): void {
  switch (path) {
    case '/never':
      return;
    case '/html':
      response.setHeader('content-type', 'text/html').end('<h1>Soup</h1>');
      return;
    case '/empty':
      response.end();
      return;
    case '/broken':
      response.writeHead(500).end('SQL error in line 3');
      return;
    case '/flood':
      response.setHeader('content-type', 'application/json');
      Readable.from(endless()).pipe(response);
      return;
    default:
      response.setHeader('content-type', 'application/json').end('{"right":true}');
  }
}

function* endless() {
  for (let sent = 0; sent < 50_000_000; sent += 65_536) yield `"${'x'.repeat(65_534)}"`;
}

/** A server that knows what it was asked, and answers in odd ways. */
async function openServer() {
  const asked: {readonly path: string; readonly body: string}[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const path = request.url?.split('?')[0] ?? '';
      asked.push({path, body});
      answer(path, response);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

describe('each kind of tool, on calls through processes of their own:', () => {
  const stack = new AsyncDisposableStack();
  const calls = new Map<Name, FakeCall>();
  let server: Awaited<ReturnType<typeof openServer>>;
  let records: Queue<CallFinished>;
  const askedByProvider: unknown[] = [];

  beforeAll(async () => {
    stack.defer(() => rmSync(folder, {recursive: true}));
    server = stack.use(await openServer());
    const mcp = stack.use(await startHttpServer());
    for (const [name, {prompt, file}] of all) {
      const text = file({url: server.url, mcpUrl: mcp.url});
      const isCode = text.startsWith('import');
      const answers = `'${numberOf(name)}'`;
      const own = isCode
        ? text.replace('assistant({', `assistant({answers: ${answers}, prompt: '${prompt}',`)
        : `answers: ${answers}\nprompt: ${prompt}\n${text}`;
      writeFileSync(join(folder, `${name}.${isCode ? 'ts' : 'yaml'}`), own);
    }
    writeFileSync(join(folder, 'billing.yaml'), 'prompt: You are billing.\nvoice: cedar\n');
    model = stack.use(
      await startFakeOpenAI({
        seed: 1,
        knobs: {speed: [8, 8], firstDeltaMs: [30, 30]},
        mcpServers: {
          [HOSTED]: {
            find: {readOnly: true, run: (args, headers) => asProvider('find', args, headers)},
            cancel: {run: (args, headers) => asProvider('cancel', args, headers)},
            hang: {run: () => loseSession()},
          },
        },
        script: turn =>
          (all.find(([, {prompt}]) => prompt === turn.session.config.instructions)?.[1].model ?? billing)(turn),
      }),
    );
    const fleet = stack.use(
      await ProcessFleet.start({
        edges: 1,
        workers: 1,
        modelUrl: model.url,
        env: {GREETING_PROTECTED_MS: '0'},
        workerEnv: {ASSISTANTS_DIR: folder, CRM_TOKEN: 'a-token-of-crm'},
      }),
    );
    records = new Queue<CallFinished>(CALLS_QUEUE, {connection: {url: fleet.redisUrl}, prefix: CALLS_QUEUE_PREFIX});
    stack.defer(() => records.close());
    for (const [name, {caller}] of all) calls.set(name, fleet.twilio.dial(caller, {to: numberOf(name)}));
    await haveEnded([...calls.values()]);
  });
  afterAll(() => stack.disposeAsync());

  function asProvider(name: string, args: string, {authorization}: Readonly<Record<string, string>>): string {
    askedByProvider.push([name, JSON.parse(args), authorization]);
    return `${name}: order 7`;
  }

  function loseSession(): Promise<string> {
    model.sessions.findLast(({config}) => config.instructions === rows.hosted.prompt)?.reset();
    return new Promise(() => {});
  }

  async function truthOf(name: Name): Promise<Truth> {
    const report = await calls.get(name)!.ended;
    const job = await vi.waitFor(
      async () => {
        const found = await records.getJob(report.callSid);
        if (!found) throw new Error(`no record of ${report.callSid}`);
        return found;
      },
      {timeout: 20_000, interval: 100},
    );
    const sessions = model.sessions.filter(({config}) => config.instructions === rows[name].prompt);
    const outputs = sessions.map(({items}) =>
      items.flatMap(({type, payload}) => (type === 'function_call_output' ? [payload] : [])),
    );
    for (const {refusals} of sessions) expect(refusals).toEqual([]);
    return {report, record: job.data, outputs, sessions};
  }
  const outcomes = ({record}: Truth) => record.toolCalls.map(({name, outcome}) => `${name} ${outcome}`);

  test('a note is a field of the record, and what is of the wrong type is told to the model', async () => {
    const truth = await truthOf('note');
    expect(truth.outputs).toEqual([[expect.stringContaining('guests must be a number'), 'Noted.']]);
    expect(truth.record.summary.notes).toEqual({guests: 4, name: 'Larsen'});
    expect(outcomes(truth)).toEqual(['write_down refused', 'write_down ok']);
  });

  test('tools of MCP servers, by command and at an address, and one that waits for the caller’s yes', async () => {
    const truth = await truthOf('mcp');
    const [outputs] = truth.outputs;
    expect(outputs?.slice(0, 2).toSorted()).toEqual(['Order 7 was sent.', 'Order 8 was sent.']);
    // The command knows its token, and repeats it: the model is not told.
    expect(outputs?.slice(2)).toEqual([expect.stringContaining('The caller must agree first'), '[secret]']);
    expect(outcomes(truth).toSorted()).toEqual([
      'orders_cancel_order ok',
      'orders_cancel_order refused',
      'orders_find ok',
      'shop_find ok',
    ]);
  });

  test('a server that the model’s provider asks: with a yes where one is needed, and told as unknown when the session is lost', async () => {
    const truth = await truthOf('hosted');
    expect(askedByProvider).toEqual([
      ['find', {order: '7'}, 'Bearer a-token-of-crm'],
      ['cancel', {order: '7'}, 'Bearer a-token-of-crm'],
    ]);
    expect(outcomes(truth)).toEqual(['crm_find ok', 'crm_cancel refused', 'crm_cancel ok', 'crm_hang unknown']);
    expect(truth.outputs).toEqual([
      [],
      [
        'find: order 7',
        expect.stringContaining('must agree first'),
        'cancel: order 7',
        expect.stringContaining('not known'),
      ],
    ]);
    expect([truth.report.endedBy, truth.report.saidByTwilio]).toEqual(['caller', []]);
  });

  test('tools at the same time are answered at once, broken arguments by their place, and no result is told to the caller in time', async () => {
    const truth = await truthOf('code');
    const [outputs = []] = truth.outputs;
    const {callSid} = truth.report;
    expect(outputs).toHaveLength(7);
    expect(outputs).toEqual(
      expect.arrayContaining([
        JSON.stringify({dish: 'soup', callSid}),
        'The tool wait gave no result within 1.5 seconds. Tell the caller that this did not work in time.',
        expect.stringContaining('must be one JSON object'),
        expect.stringContaining('dish: Invalid input'),
        'There is no tool named cook.',
      ]),
    );
    expect(outputs.filter(output => output.includes('"right":true'))).toHaveLength(2);
    // Each round of tools is answered once, when all its results are there.
    const [session] = truth.sessions;
    const asked = session?.responses.filter(({metadata}) => metadata?.['tag']?.startsWith('tool-'));
    if (session?.speech.length === 1) expect(asked).toHaveLength(3);
    expect(server.asked.filter(({path}) => path === '/order')).toEqual([{path: '/order', body: '{"dish":"soup"}'}]);
    expect(outcomes(truth).toSorted()).toEqual([
      'cook refused',
      'order ok',
      'order ok',
      'price ok',
      'price refused',
      'price refused',
      'wait late',
    ]);
    const [price, order, wait] = truth.record.toolCalls;
    expect(price).toMatchObject({
      arguments: expect.stringContaining('"soup"'),
      result: expect.stringContaining(callSid),
    });
    expect(order).toMatchObject({arguments: null, result: null});
    expect(wait).toMatchObject({name: 'wait', toldToWait: true});
  });

  test('servers that answer HTML, without end, nothing, an error, or stand in a private network: the model is told, and the call goes on', async () => {
    const truth = await truthOf('odd');
    const [outputs = []] = truth.outputs;
    expect(outputs).toHaveLength(5);
    expect(outputs.join('\n')).not.toMatch(/SQL|xxxxx/);
    expect(outcomes(truth).filter(one => one.startsWith('private') || one.startsWith('broken'))).toEqual([
      'broken failed',
      'private failed',
    ]);
    expect(truth.report.endedBy).toBe('caller');
  });

  test('it hangs up, but not before the caller has said anything', async () => {
    const truth = await truthOf('hasty');
    expect(truth.outputs).toEqual([[expect.stringContaining('The caller has not said anything yet')]]);
    expect(outcomes(truth)).toEqual(['hang_up refused', 'hang_up ok']);
    expect([truth.report.endedBy, truth.record.summary.endReason]).toEqual(['platform', 'assistant.hung-up']);
  });

  test('a caller enters a PIN that a server is given and the model is not, and is passed on to another assistant', async () => {
    const truth = await truthOf('pin');
    expect(server.asked.filter(({path}) => path === '/pins')).toEqual([{path: '/pins', body: '{"pin":"1234"}'}]);
    const after = model.sessions.find(({config}) => config.instructions === 'You are billing.');
    expect(after?.config.audio.output.voice).toBe('cedar');
    expect(after?.refusals).toEqual([]);
    for (const {items} of [...truth.sessions, after!]) expect(JSON.stringify(items)).not.toMatch(/1.?2.?3.?4/);
    expect(JSON.stringify(truth.record.toolCalls)).not.toMatch(/1.?2.?3.?4/);
    expect(outcomes(truth)).toEqual(['enter_pin ok', 'check_pin ok', 'pass_on ok']);
    expect(truth.record.summary.assistants.map(({name}) => name)).toEqual(['pin', 'billing']);
  });
});
