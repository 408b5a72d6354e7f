import {XMLParser, XMLValidator} from 'fast-xml-parser';

/** An element with its attributes, its element children and the text directly in it. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

/** The document cannot be read as XML; the message says where. */
export class BadXml extends Error {
  override readonly name = 'BadXml';
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
});

/** Reads a document with exactly one root, or throws `BadXml`. Nothing may stand before an XML declaration. */
export function readXml(text: string): XmlElement {
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) throw new BadXml(`${verdict.err.msg} (line ${verdict.err.line})`);
  if (/^\s/.test(text) && text.trimStart().startsWith('<?xml'))
    throw new BadXml('something stands before the XML declaration');
  const parsed: unknown = parser.parse(text);
  const {children} = elementOf('', parsed, {});
  const [root, second] = children.filter(({name}) => !name.startsWith('?'));
  if (!root) throw new BadXml('no root element');
  if (second) throw new BadXml(`a second root element, ${second.name}`);
  return root;
}

function elementOf(name: string, nodes: unknown, attributes: Readonly<Record<string, string>>): XmlElement {
  const children: XmlElement[] = [];
  let text = '';
  for (const node of Array.isArray(nodes) ? nodes : []) {
    if (typeof node !== 'object' || node === null) continue;
    const entries: [string, unknown][] = Object.entries(node);
    const attributes = attributesOf(entries.find(([key]) => key === ':@')?.[1]);
    for (const [key, value] of entries) {
      if (key === '#text') text += decode(String(value));
      else if (key !== ':@') children.push(elementOf(key, value, attributes));
    }
  }
  return {name, attributes, children, text};
}

function attributesOf(raw: unknown): Record<string, string> {
  const entries: [string, unknown][] = typeof raw === 'object' && raw !== null ? Object.entries(raw) : [];
  return Object.fromEntries(entries.map(([name, value]) => [name, decode(String(value))]));
}

const NAMED: Readonly<Record<string, string>> = {amp: '&', lt: '<', gt: '>', quot: '"', apos: "'"};

function decode(text: string): string {
  return text.replace(/&(#x[\da-f]+|#\d+|\w+);/gi, (entity, name: string) => {
    if (name.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    const plain = NAMED[name];
    if (plain === undefined) throw new BadXml(`the entity ${entity} is unknown`);
    return plain;
  });
}
