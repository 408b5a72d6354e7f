import {AssistantsFolder, numbersOf} from '@voicebridge/assistant/load/read-folder.ts';
import {didYouMean} from '@voicebridge/assistant/load/problems.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';

const NUMBER = /^\+[1-9]\d{2,14}$/;
/** Of Twilio's numbers for tests: nobody has it, so the assistant of all other numbers answers. */
const ANY_NUMBER = '+15005550006';

/**
 * The number to call for what stands after `npm run talk --`: a number itself, or the name of an assistant in this
 * folder. Throws `CannotStart` for a name that nobody can call.
 */
export async function whoIsCalled(asked: string | undefined, folder: string): Promise<string | undefined> {
  if (asked === undefined || NUMBER.test(asked)) return asked;
  using files = new AssistantsFolder(folder);
  const {assistants} = await files.read();
  const names = assistants.map(({name}) => name);
  const found = assistants.find(({name}) => name === asked);
  if (!found) {
    const known = names.length === 0 ? `${folder} has no assistants yet` : `there are ${names.join(', ')}`;
    throw new CannotStart(
      `there is no assistant ${asked}${didYouMean(asked, names)} (${known}); or give a number such as +4722334455`,
    );
  }
  const numbers = numbersOf(found.definition);
  if (numbers.includes('*')) return ANY_NUMBER;
  const [first] = numbers;
  if (first === undefined)
    throw new CannotStart(`${asked} answers no number: write one under "answers" in ${found.file}`);
  return first;
}
