import {XMLParser} from 'fast-xml-parser';

/** What a TwiML document asks of the phone's network, as far as a phone in a browser can do it. */
export type Verb =
  | {readonly verb: 'say'; readonly text: string}
  | {readonly verb: 'pause'; readonly seconds: number}
  | {readonly verb: 'connect'; readonly url: string; readonly action: string | undefined}
  | {readonly verb: 'redirect'; readonly url: string}
  | {readonly verb: 'hangUp'}
  /** Something that needs a telephone network, such as `Dial`. */
  | {readonly verb: 'other'; readonly name: string};

type Node = Readonly<Record<string, unknown>>;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
});

/** The verbs of a document, in order. Throws if it is no TwiML. */
export function readTwiml(document: string): Verb[] {
  const root = nodesOf(parser.parse(document)).find(node => 'Response' in node);
  if (!root) throw new Error('the answer of the webhook is not TwiML');
  return nodesOf(root['Response']).flatMap(node => {
    const name = Object.keys(node).find(key => key !== ':@');
    return name === undefined || name === '#text' ? [] : verbOf(name, node);
  });
}

function verbOf(name: string, node: Node): Verb {
  const children = nodesOf(node[name]);
  switch (name) {
    case 'Say':
      return {verb: 'say', text: textOf(children)};
    case 'Pause':
      return {verb: 'pause', seconds: Number(attribute(node, 'length') ?? 1)};
    case 'Redirect':
      return {verb: 'redirect', url: textOf(children)};
    case 'Hangup':
      return {verb: 'hangUp'};
    case 'Connect': {
      const stream = children.find(child => 'Stream' in child);
      const url = stream && attribute(stream, 'url');
      return url === undefined ? {verb: 'other', name} : {verb: 'connect', url, action: attribute(node, 'action')};
    }
    default:
      return {verb: 'other', name};
  }
}

function nodesOf(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter((node): node is Node => typeof node === 'object' && node !== null) : [];
}

function textOf(nodes: readonly Node[]): string {
  return nodes
    .map(node => node['#text'])
    .filter(text => typeof text === 'string')
    .join('')
    .trim();
}

function attribute(node: Node, name: string): string | undefined {
  const [attributes] = nodesOf([node[':@']]);
  const value = attributes?.[name];
  return typeof value === 'string' ? value : undefined;
}
