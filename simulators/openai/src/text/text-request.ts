import {z} from 'zod';

/** Keywords that strict structured output takes. It knows no length, no pattern of numbers and no default. */
const Property = z.strictObject({
  type: z.union([z.string(), z.array(z.string()).min(1)]),
  description: z.string().optional(),
  enum: z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});
const Schema = z
  .strictObject({
    type: z.literal('object'),
    properties: z.record(z.string(), Property),
    required: z.array(z.string()),
    additionalProperties: z.literal(false),
  })
  .refine(
    ({properties, required}) => Object.keys(properties).toSorted().join() === required.toSorted().join(),
    "'required' is required to be supplied and to be an array including every key in properties",
  );
const Format = {
  name: z.string().regex(/^[\w-]{1,64}$/),
  strict: z.literal(true),
  schema: Schema,
};
const model = z.string().min(1);

const Chat = z.strictObject({
  model,
  store: z.boolean().optional(),
  messages: z
    .array(z.strictObject({role: z.enum(['system', 'developer', 'user', 'assistant']), content: z.string().min(1)}))
    .min(1),
  response_format: z.strictObject({type: z.literal('json_schema'), json_schema: z.strictObject(Format)}),
});
const Responses = z.strictObject({
  model,
  store: z.boolean().optional(),
  instructions: z.string().optional(),
  input: z.string().min(1),
  text: z.strictObject({format: z.strictObject({type: z.literal('json_schema'), ...Format})}),
});

/** What a text model was asked, by whichever of the two requests. */
export interface TextRequest {
  readonly model: string;
  readonly store: boolean | undefined;
  readonly instructions: string;
  readonly input: string;
  readonly properties: z.infer<typeof Schema>['properties'];
}

/** Reads a request as OpenAI does: what it does not know it refuses. Throws a ZodError. */
export function readTextRequest(path: string, body: unknown): TextRequest {
  if (path.endsWith('/responses')) {
    const {text, instructions = '', input, ...rest} = Responses.parse(body);
    return {model: rest.model, store: rest.store, instructions, input, properties: text.format.schema.properties};
  }
  const {messages, response_format: format, ...rest} = Chat.parse(body);
  const said = (...roles: string[]) =>
    messages.flatMap(({role, content}) => (roles.includes(role) ? [content] : [])).join('\n');
  return {
    model: rest.model,
    store: rest.store,
    instructions: said('system', 'developer'),
    input: said('user'),
    properties: format.json_schema.schema.properties,
  };
}
