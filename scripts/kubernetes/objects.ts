import {z} from 'zod';
import {Manifest} from './rendered.ts';

/** The parts of Kubernetes' objects that our rules are about. */

const Labels = z.record(z.string(), z.string());
const Selector = z.object({
  matchLabels: Labels.optional(),
  matchExpressions: z
    .array(z.object({key: z.string(), operator: z.literal('In'), values: z.array(z.string())}))
    .optional(),
});
const Http = z.object({path: z.string(), port: z.string()});
const Probe = z.object({
  httpGet: Http.optional(),
  periodSeconds: z.number(),
  timeoutSeconds: z.number().default(1),
  failureThreshold: z.number().default(3),
  terminationGracePeriodSeconds: z.number().optional(),
});
const Container = z.object({
  name: z.string(),
  image: z.string(),
  ports: z.array(z.object({name: z.string(), containerPort: z.number()})),
  env: z
    .array(
      z.object({
        name: z.string(),
        value: z.string().optional(),
        valueFrom: z.object({secretKeyRef: z.object({name: z.string(), key: z.string()})}).optional(),
      }),
    )
    .default([]),
  startupProbe: Probe.optional(),
  readinessProbe: Probe,
  livenessProbe: Probe,
  lifecycle: z.object({preStop: z.object({sleep: z.object({seconds: z.number()})})}).optional(),
  resources: z.object({requests: Labels, limits: Labels}),
  securityContext: z.unknown(),
});
const Pod = z.object({
  metadata: z.object({labels: Labels, annotations: Labels.default({})}),
  spec: z.object({
    serviceAccountName: z.string(),
    automountServiceAccountToken: z.boolean().optional(),
    terminationGracePeriodSeconds: z.number(),
    securityContext: z.looseObject({}),
    containers: z.tuple([Container]),
    topologySpreadConstraints: z.array(z.object({topologyKey: z.string()})).default([]),
  }),
});

/** A Deployment or a StatefulSet. */
export const Workload = Manifest.extend({
  spec: z.object({
    replicas: z.number().optional(),
    minReadySeconds: z.number().optional(),
    strategy: z.object({rollingUpdate: z.unknown()}).optional(),
    selector: z.object({matchLabels: Labels}),
    template: Pod,
  }),
});
export const Budget = Manifest.extend({
  spec: z.object({maxUnavailable: z.number(), selector: z.object({matchLabels: Labels})}),
});
export const Service = Manifest.extend({
  spec: z.object({
    selector: Labels,
    ports: z.array(z.object({name: z.string(), targetPort: z.string(), appProtocol: z.string().optional()})),
  }),
});
export const ConfigMap = Manifest.extend({data: Labels});

/** A side of a policy that names nobody means everybody, so each of ours names at least one. */
const Peers = z
  .array(
    z.object({
      podSelector: Selector.optional(),
      namespaceSelector: z.object({matchLabels: Labels}).optional(),
      ipBlock: z.object({cidr: z.string(), except: z.array(z.string()).default([])}).optional(),
    }),
  )
  .min(1);
const Ports = z.array(z.object({protocol: z.string(), port: z.union([z.string(), z.number()])})).min(1);
export const Policy = Manifest.extend({
  spec: z.object({
    podSelector: Selector,
    policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
    ingress: z.array(z.object({from: Peers, ports: Ports})).default([]),
    egress: z.array(z.object({to: Peers, ports: Ports})).default([]),
  }),
});
export type Selected = z.infer<typeof Selector>;

/** The values of `app` that a selector names; undefined for all pods. */
export function appsOf({matchLabels, matchExpressions}: Selected): readonly string[] | undefined {
  if (matchLabels?.['app'] !== undefined) return [matchLabels['app']];
  return matchExpressions?.find(({key}) => key === 'app')?.values;
}
