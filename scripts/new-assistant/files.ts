import {Definition} from '@voicebridge/assistant/definition.ts';

const Answers = Definition.shape.answers;

/** The files of a new assistant, by name; or what is wrong with what was asked for. */
export function newAssistant(
  name: string,
  number = '*',
): Readonly<Record<string, string>> | {readonly problem: string} {
  if (name === 'default')
    return {problem: 'default is the name of the assistant of the environment: choose another name'};
  if (!/^[A-Za-z0-9][\w-]{0,63}$/.test(name)) {
    return {
      problem:
        'usage: npm run new -- NAME [NUMBER], where NAME has letters, digits, - and _, such as: npm run new -- reception +4722334455',
    };
  }
  if (!Answers.safeParse([number]).success || /['\\]/.test(number)) {
    return {
      problem: `the number ${number} must be written with its country, such as +4722334455, or be sip:… or client:…; without a number it answers all calls that no other assistant answers`,
    };
  }
  return {[`${name}.ts`]: code(name, number), [`${name}.md`]: PROMPT, [`${name}.call.yaml`]: CALL};
}

const code = (name: string, number: string) => `import {assistant, tool} from '@voicebridge/assistant';
import {z} from 'zod';

export default assistant({
  // The numbers it answers; '*': all that no other assistant answers.
  answers: ['${number}'],
  prompt: {file: '${name}.md'},
  variables: {company: 'Our company'},
  greeting: 'Good day! How can I help?',
  tools: {
    opening_hours: tool({
      about: 'Says when we are open on a day of the week.',
      input: z.object({weekday: z.string()}),
      run: ({weekday}) => (/sunday/i.test(weekday) ? 'closed' : 'from nine to five'),
    }),
  },
});
`;

const PROMPT = `You answer the telephone of {{company}}. Today is {{weekday}}, {{date}}.

- Speak the language of the caller, in one or two short sentences, and ask one question at a time.
- If you do not know something, say so.
`;

const CALL = `# A caller for \`npm run rehearse\`. The model is scripted: it gives these replies in order, and your tools run.
caller:
  - says: Hi, could you tell me your opening hours on Saturday, please?
  - hangsUp: true
model:
  - calls: {opening_hours: {weekday: Saturday}}
  - says: On Saturday we are open from nine to five.
expects:
  tool: {opening_hours: {weekday: Saturday}}
  result: {opening_hours: from nine to five}
  heard: [How can I help, from nine to five]
  endedBy: caller
`;
