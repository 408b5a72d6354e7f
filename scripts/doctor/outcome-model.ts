import {modelAsker, type TextModel} from '../../services/analytics/src/outcomes/ask-model.ts';
import {broken, fine, skipped, type Finding} from './finding.ts';

/** What it is asked costs less than a hundredth of a cent. */
const FIELDS = {open_on_sunday: {type: 'boolean', about: 'whether the shop is open on Sundays'}} as const;
const HEARD = [
  {role: 'caller', text: 'Are you open on Sundays?', cut: false},
  {role: 'assistant', text: 'Yes, we are open every day.', cut: false},
] as const;

/** Asks the model that fills in outcomes about a call that nobody made. */
export async function checkOutcomeModel(model: TextModel | undefined, {speak}: {speak: boolean}): Promise<Finding[]> {
  if (model === undefined)
    return [skipped('OUTCOME_MODEL_URL is not set: fields that assistants leave empty stay empty')];
  const name = `${model.model} at ${new URL(model.url).host}`;
  if (!speak) return [skipped(`${name}: not asked, because it may cost something`)];
  const answer = await modelAsker(model)(FIELDS, HEARD);
  if ('problem' in answer)
    return [
      broken(
        `${name}: ${answer.problem}`,
        'Correct OUTCOME_MODEL_URL, OUTCOME_MODEL or OUTCOME_MODEL_KEY; the model must know strict structured output.',
      ),
    ];
  const {open_on_sunday: found} = answer.values;
  if (found === true) return [fine(`${name}: it fills in fields of an outcome`)];
  return [
    broken(
      `${name}: it read a simple call and filled in ${JSON.stringify(found ?? null)}`,
      'Choose another OUTCOME_MODEL.',
    ),
  ];
}
