import {dirname, join, relative, sep} from 'node:path';

/**
 * The linter's rule for who may import whom. Its table, in .oxlintrc.json, lists the rooms (folders) of each source folder by
 * level, the lowest first. A file may import from its own room and from rooms on lower levels. The files directly in a
 * source folder wire the rooms together and may import all of them, unless the table gives them a level, as ".": then
 * they follow the rule like a room. A folder without a level in the table is an error.
 */
const levels = {
  meta: {type: 'problem', schema: [{type: 'object'}]},
  createOnce(context) {
    let here;
    const check = ({source}) => {
      if (!here || !source || typeof source.value !== 'string' || !source.value.startsWith('.')) return;
      const there = placeOf(here.table, join(dirname(here.path), source.value).split(sep).join('/'));
      if (there?.source !== here.source || there.room === here.room) return;
      const isWiring = here.level === undefined || there.level === undefined;
      if (isWiring || there.level < here.level) return;
      const message = `The room ${here.room} may not import '${source.value}': the room ${there.room} is on ${there.level > here.level ? 'a higher' : 'the same'} level. See the table "rooms/levels" in .oxlintrc.json.`;
      context.report({message, node: source});
    };
    return {
      before() {
        const path = relative(context.cwd, context.filename).split(sep).join('/');
        here = placeOf(context.options[0] ?? {}, path);
      },
      Program(node) {
        if (here?.level !== undefined || here === undefined || here.room === '.') return;
        const message = `The room '${here.room}' has no level. Add it to the table "rooms/levels" in .oxlintrc.json.`;
        context.report({message, node});
        here = undefined;
      },
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

/**
 * The files directly in a source folder wire its rooms together: a room that imported one would know all the others. Its
 * table, in .oxlintrc.json, lists for each source folder the few that rooms may import all the same, because they wire
 * nothing. Tests, and rooms named testing, may start whatever they test.
 */
const wiring = {
  meta: {type: 'problem', schema: [{type: 'object'}]},
  createOnce(context) {
    let here;
    const check = ({source}) => {
      if (!here || !source || typeof source.value !== 'string' || !source.value.startsWith('.')) return;
      const there = join(dirname(here.path), source.value).split(sep).join('/');
      if (dirname(there) !== here.source || here.table[here.source].includes(there.slice(here.source.length + 1)))
        return;
      const message = `A room may not import '${source.value}', which wires the rooms together. See the table "rooms/wiring" in .oxlintrc.json.`;
      context.report({message, node: source});
    };
    return {
      before() {
        const table = context.options[0] ?? {};
        const path = relative(context.cwd, context.filename).split(sep).join('/');
        const source = Object.keys(table).find(folder => path.startsWith(`${folder}/`));
        const isRoom = source !== undefined && dirname(path) !== source;
        here = isRoom && !/\.test\.ts$|\/testing\//.test(path) ? {table, path, source} : undefined;
      },
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};

/** The source folder, the room and the level of a file; undefined for a file outside of all source folders of the table. */
function placeOf(table, path) {
  const source = Object.keys(table).find(folder => path.startsWith(`${folder}/`));
  if (source === undefined) return undefined;
  const levels = table[source];
  const folder = dirname(path.slice(source.length + 1));
  const rooms = levels.flat().filter(name => name === folder || folder.startsWith(`${name}/`));
  const room = rooms.toSorted((a, b) => b.length - a.length)[0] ?? folder;
  const level = levels.findIndex(names => names.includes(room));
  return {table, path, source, room, level: level < 0 ? undefined : level};
}

export default {meta: {name: 'rooms'}, rules: {levels, wiring}};
