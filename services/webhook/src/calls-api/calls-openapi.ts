import {z} from 'zod';
import {WantedCall} from './wanted-call.ts';

/** The description of the API of outbound calls: https://spec.openapis.org/oas/v3.1.0 */
export function callsOpenApi(): object {
  const schema = z.toJSONSchema(WantedCall, {io: 'input'});
  const json = (of: object) => ({content: {'application/json': {schema: of}}});
  const security = [{token: []}];
  const id = [{name: 'id', in: 'path', required: true, schema: {type: 'string'}}];
  return {
    openapi: '3.1.0',
    info: {title: 'Voicebridge: outbound calls', version: '1'},
    components: {securitySchemes: {token: {type: 'http', scheme: 'bearer'}}},
    paths: {
      '/api/calls': {
        post: {
          summary: 'Has a call made',
          security,
          parameters: [{name: 'Idempotency-Key', in: 'header', required: true, schema: {type: 'string'}}],
          requestBody: {required: true, ...json(schema)},
          responses: {
            202: {description: 'taken'},
            200: {description: 'taken before'},
            409: {description: 'not allowed'},
          },
        },
        get: {summary: 'The newest calls', security, responses: {200: {description: 'calls'}}},
      },
      '/api/calls/{id}': {
        get: {summary: 'What became of a call', security, parameters: id, responses: {200: {description: 'the call'}}},
        delete: {
          summary: 'Takes a call back, or ends it',
          security,
          parameters: id,
          responses: {200: {description: 'the call'}},
        },
      },
      '/api/do-not-call': {
        put: {summary: 'Never calls a number', security, responses: {204: {description: 'done'}}},
        delete: {summary: 'May call it again', security, responses: {204: {description: 'done'}}},
      },
    },
  };
}
