import {assistant, tool, transfer} from '@voicebridge/assistant';
import {z} from 'zod';
import {bookTable, freeTables} from './lib/tables.ts';

/** The reception of a restaurant: says when it is open, looks for a table, and books it. */
export default assistant({
  about: 'Answers for a restaurant and books tables',
  answers: ['+4722000001'],
  prompt: {file: 'reception.md'},
  greeting: 'Fjord Restaurant, good day! How can I help?',
  disclosure: 'You are talking to an automatic assistant.',
  voice: 'marin',
  timeZone: 'Europe/Oslo',
  variables: {restaurant: 'Fjord', opens: 'five', closes: 'eleven in the evening'},
  interruption: {mode: 'resume', greetingProtectedMs: 1_500},
  idle: {promptSeconds: 15},
  maxCallSeconds: 600,
  tools: {
    to_waiter: transfer({
      to: '+4722000009',
      when: 'The caller asks for a person, complains, or wants to change or cancel a booking.',
      say: 'I will connect you with a colleague. One moment, please.',
      ringFor: 20,
    }),
    find_table: tool({
      about: 'Says at which times there is a free table. Ask for the day and the number of people first.',
      input: z.object({day: z.iso.date().describe('YYYY-MM-DD'), people: z.number().int().min(1).max(12)}),
      run: ({day, people}) => freeTables(day, people),
      repeatable: true,
      while: 'One moment, I am looking at the book.',
    }),
    book_table: tool({
      about: 'Books a table. Only when the caller has agreed to day, time, number of people and name.',
      input: z.object({
        day: z.iso.date(),
        time: z.string().regex(/^\d{2}:\d{2}$/),
        people: z.number().int().min(1).max(12),
        name: z.string().min(1),
      }),
      run: (table, {key}) => bookTable(table, key),
      oncePerCall: true,
      while: 'I am writing that down.',
    }),
  },
});
