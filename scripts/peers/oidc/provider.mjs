// A real OpenID provider on a free port of 127.0.0.1, for the authorizer's tests.
//
//   node provider.mjs '{"audience":"…","claim":"…","workspace":"…","scopes":["…"]}'
//
// It prints one JSON line {"issuer": "http://127.0.0.1:…"} when it is ready, and ends when its standard input does.
// Clients "rs256" and "es256", secret "secret", get JWT access tokens by the client_credentials grant: signed with that
// algorithm, with the workspace in the claim, good for five minutes.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider, { errors } from 'oidc-provider';

const { audience, claim, workspace, scopes } = JSON.parse(process.argv[2]);

const key = (alg, type, options) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: randomUUID(),
});

const client = (alg) => ({
  client_id: alg, client_secret: 'secret', grant_types: ['client_credentials'], response_types: [], redirect_uris: [],
  id_token_signed_response_alg: alg.toUpperCase(),
});

const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [client('rs256'), client('es256')],
  jwks: { keys: [key('RS256', 'rsa', { modulusLength: 2048 }), key('ES256', 'ec', { namedCurve: 'P-256' })] },
  scopes,
  extraTokenClaims: () => ({ [claim]: workspace }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource, client) => {
        if (!/^https:/.test(resource)) throw new errors.InvalidTarget();
        return {
          scope: scopes.join(' '), audience: resource, accessTokenTTL: 300, accessTokenFormat: 'jwt',
          jwt: { sign: { alg: client.clientId.toUpperCase() } },
        };
      },
    },
  },
});
server.on('request', provider.callback());
process.stdin.resume().on('end', () => process.exit(0));
console.log(JSON.stringify({ issuer }));
