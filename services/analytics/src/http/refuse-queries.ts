import {Router} from 'express';
import {z} from 'zod';
import type {Operation} from './operations/operation.ts';
import {readRequest} from './read-request.ts';

const NOTHING = z.strictObject({});

/**
 * Refuses parameters where none are known. Who adds a filter to such a route would get an unfiltered answer otherwise. A route with
 * parameters reads them itself.
 */
export function refuseQueries(operations: readonly Operation[]): Router {
  const routes = Router();
  for (const {method, path, query} of operations) {
    if (query) continue;
    routes[method](path.replaceAll(/\{(\w+)\}/g, ':$1'), (request, _response, next) => {
      readRequest(NOTHING, request.query);
      next();
    });
  }
  return routes;
}
