/** Licences that ask for no more than their own text. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
]);
/** These bind whoever changes the package itself: allowed for tools, which we do not deliver. */
const FOR_TOOLS = new Set(['MPL-2.0', 'PSF-2.0']);
/** They name their licence, MIT, in the old way (`licenses`), which npm does not copy into the lock. */
const NAMED_OTHERWISE = new Set(['buildcheck', 'cpu-features', 'ssh2']);

/** A package, as the lock describes it. */
interface Entry {
  readonly version?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly integrity?: string;
  readonly license?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
type Packages = Readonly<Record<string, Entry>>;

/**
 * One sentence for each hole of a package-lock.json: a package of another platform that is missing, one without the hash of
 * its contents, one with a licence that nobody has looked at.
 */
export function holesIn({packages}: {readonly packages: Packages}): string[] {
  const holes: string[] = [];
  for (const [path, entry] of Object.entries(packages)) {
    for (const name of Object.keys(entry.optionalDependencies ?? {}))
      if (!isFound(packages, path, name)) holes.push(`${name} is missing, which ${path || 'the root'} may need`);
    if (!path.includes('node_modules/') || entry.link) continue;
    if (!entry.integrity) holes.push(`${path} has no hash of its contents`);
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const license = entry.license ?? (NAMED_OTHERWISE.has(name) ? 'MIT' : 'none');
    const isAllowed =
      /^\(?[^()]+\)?$/.test(license) &&
      license
        .replace(/[()]/g, '')
        .split(' OR ')
        .some(each => ALLOWED.has(each));
    if (!isAllowed && !(entry.dev && FOR_TOOLS.has(license))) holes.push(`${path} has the licence ${license}`);
  }
  return holes;
}

/** Whether a package of that name is where Node would look for it from `path`. */
function isFound(packages: Packages, path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]) return true;
    if (folder === '') return false;
    if (!folder.includes('/node_modules/')) folder = '';
  }
}
