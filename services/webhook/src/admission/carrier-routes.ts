/**
 * Looks at a request before anything else does, and either refuses it or calls `enter`: with an HTTP status if the request
 * cannot be read.
 */
export type Door<Request, Response> = (request: Request, response: Response, enter: (status?: number) => void) => void;

/** How one carrier asks what to do with its calls. `Request`, `Response` and `Router` are those of the HTTP server. */
export interface CarrierRoutes<Request, Response, Router> {
  /** Below the public address, in lower case and without a slash at the end. All other paths are refused before `door`. */
  readonly paths: ReadonlySet<string>;
  readonly door: Door<Request, Response>;
  readonly router: Router;
}
