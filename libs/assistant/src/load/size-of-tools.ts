import {isWithin, MANY_FACTS, partsOf} from '@voicebridge/shared/protocol/json-bounds.ts';
import type {Definition} from '../definition.ts';
import {storedTool} from '../stored-tool.ts';
import type {Problem} from './problems.ts';

/** What the tools of one assistant may have of what a session, or a version in Redis, may have in all. */
const PARTS_AT_MOST = 45_000;
const DEPTH_AT_MOST = 90;

/**
 * Tools that are described at such length that no session of the model could be read with them, and no other worker could take a
 * call of theirs over.
 */
export function toolsTooLarge({tools = {}}: Definition): Problem[] {
  const all = Object.entries(tools).flatMap(([name, tool]) =>
    tool === false ? [] : [{name, json: JSON.stringify(storedTool(tool))}],
  );
  const deep = all.find(
    ({json}) => !isWithin({...MANY_FACTS, parts: Number.POSITIVE_INFINITY, depth: DEPTH_AT_MOST}, json),
  );
  if (deep)
    return [
      {
        field: `tools.${deep.name}`,
        what: `has more than ${DEPTH_AT_MOST} lists and objects inside one another: make its input flatter`,
        path: ['tools', deep.name],
      },
    ];
  const sizes = all.map(({name, json}) => ({name, parts: partsOf(json)})).toSorted((a, b) => b.parts - a.parts);
  const parts = sizes.reduce((sum, each) => sum + each.parts, 0);
  const [largest] = sizes;
  if (parts <= PARTS_AT_MOST || !largest) return [];
  const [has, most] = [parts, largest.parts].map(each => each.toLocaleString('en'));
  const atMost = PARTS_AT_MOST.toLocaleString('en');
  return [
    {
      field: 'tools',
      what: `are too large for a session of the model: as JSON they have ${has} texts, lists, objects, commas and colons, and ${atMost} are the most; ${largest.name} has ${most} of them: make its input smaller, or spread the tools over several assistants`,
      path: ['tools', largest.name],
    },
  ];
}
