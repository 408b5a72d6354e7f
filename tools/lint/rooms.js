import {dirname, join, relative, sep} from 'node:path';

/**
 * The linter's rule for rooms. Its table, in .oxlintrc.json, names for each source folder its rooms from the bottom up,
 * one level after the other. A file may import from its own room and from rooms on lower levels. The files that stand in
 * the source folder itself ("the hall") put the rooms together: they may import all of them. Where the table gives the
 * hall a level, as ".", it keeps to it like a room. A folder that the table does not name is refused: give it a level.
 */
const levels = {
  meta: {type: 'problem', schema: [{type: 'object'}]},
  createOnce(context) {
    let here;
    const check = ({source}) => {
      if (!here || !source || typeof source.value !== 'string' || !source.value.startsWith('.')) return;
      const there = placeOf(here.table, join(dirname(here.path), source.value).split(sep).join('/'));
      if (there?.house !== here.house || there.room === here.room) return;
      const isHall = here.level === undefined || there.level === undefined;
      if (isHall || there.level < here.level) return;
      const message = `'${source.value}' is no import for the room ${here.room}: ${there.room} is ${there.level > here.level ? 'above it' : 'on the same level'}. See the table of rooms in .oxlintrc.json.`;
      context.report({message, node: source});
    };
    return {
      before() {
        const path = relative(context.cwd, context.filename).split(sep).join('/');
        here = placeOf(context.options[0] ?? {}, path);
      },
      Program(node) {
        if (here?.level !== undefined || here === undefined || here.room === '.') return;
        const message = `The folder '${here.room}' has no level in the table of rooms in .oxlintrc.json: name it there.`;
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

/** In which room of which house a file stands; undefined outside of all of them. */
function placeOf(table, path) {
  const house = Object.keys(table).find(folder => path.startsWith(`${folder}/`));
  if (house === undefined) return undefined;
  const floors = table[house];
  const folder = dirname(path.slice(house.length + 1));
  const rooms = floors.flat().filter(name => name === folder || folder.startsWith(`${name}/`));
  const room = rooms.toSorted((a, b) => b.length - a.length)[0] ?? folder;
  const level = floors.findIndex(floor => floor.includes(room));
  return {table, path, house, room, level: level < 0 ? undefined : level};
}

export default {meta: {name: 'rooms'}, rules: {levels}};
