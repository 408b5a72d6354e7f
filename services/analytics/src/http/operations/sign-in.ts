import {SessionAnswer, SignIn} from '../sign-in-routes.ts';
import type {Operation} from './operation.ts';

/** Sessions of browsers. */
export const SIGN_IN: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/session',
    id: 'session',
    tag: 'signing in',
    summary: 'Whether sign-in is required, and whether this browser is signed in',
    answer: SessionAnswer,
    example: {signIn: 'required', signedIn: false, demo: null},
    isOpen: true,
  },
  {
    method: 'post',
    path: '/api/sign-in',
    id: 'signIn',
    tag: 'signing in',
    summary: 'Signs in; sets a cookie',
    body: SignIn,
    isOpen: true,
  },
  {method: 'post', path: '/api/sign-out', id: 'signOut', tag: 'signing in', summary: 'Signs out', isOpen: true},
];
