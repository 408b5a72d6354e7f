import {Router} from 'express';
import type {DatabaseWatch} from './database-watch.ts';
import {CallsQuery, listCalls} from './list-calls.ts';
import {asked} from './problem.ts';

export function callsRoutes(database: DatabaseWatch): Router {
  const routes = Router();
  routes.get('/api/calls', async (request, response) => {
    response.json(await listCalls(database.now, asked(CallsQuery, request.query)));
  });
  return routes;
}
