package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/headwaterhq/headwater/shared/names"
)

// addHandlers creates the functions behind the HTTP API. The api λ starts
// state machines, so they come first.
func (s *stack) addHandlers() {
	validate, run := s.machines[names.ValidateConnection], s.machines[names.RunImport]
	s.addFunction(functionSpec{
		name: names.Authorizer, memory: memorySmall, timeout: 30,
		env: s.authorizerEnv(),
		may: statements{s.useKey(viaTable), s.getItems(names.KeyPartition)},
	})
	s.addFunction(functionSpec{
		name: names.API, memory: memorySmall, timeout: 30,
		env: s.env(credentialEnv(), map[string]*string{
			names.EnvKMSKeyID:              s.storage.key.KeyArn(),
			names.EnvValidateConnectionARN: validate.StateMachineArn(),
			names.EnvRunImportARN:          run.StateMachineArn(),
			names.EnvPrincipal:             s.scope.Account(),
		}),
		may: statements{
			s.useKey(viaTable, viaSecrets, viaObjects),
			s.readItems(names.RunPartition), s.writeItems(names.WorkspacePartition, names.ConnectionPartition, names.ImportPartition),
			s.getItems(names.RunKeyPartition), // what nobody can open any more is not replayed
			// A connection whose creation could not go on is taken back, with its credential.
			s.deleteItems(names.WorkspacePartition, names.ConnectionPartition),
			// It files secrets away and can never read one back. A workspace's keys stay, as what they sealed does.
			s.credentials("secretsmanager:CreateSecret", "secretsmanager:TagResource", "secretsmanager:DeleteSecret"),
			s.workspaceKeys("secretsmanager:CreateSecret", "secretsmanager:TagResource"),
			s.listObjects(), s.readObjects(names.SchemaPrefix, names.ManifestPrefix),
			allow([]string{"states:StartExecution"}, []*string{validate.StateMachineArn(), run.StateMachineArn()}, nil),
		},
	})
	s.addFunction(functionSpec{
		name: names.Lookup, memory: memoryLake, timeout: 30,
		env: s.env(credentialEnv(), lakeEnv()),
		may: statements{
			s.useKey(viaTable, viaSecrets, viaObjects),
			s.workspaceKeys("secretsmanager:GetSecretValue"), // they seal the keys of quarantines
			s.readItems(names.WorkspacePartition, names.ImportPartition, names.RunPartition),
			s.items([]string{"dynamodb:GetItem", "dynamodb:UpdateItem"}, []string{names.RunKeyPartition}), // to destroy a run's key
			s.listObjects(), s.readObjects(names.LakePrefix, names.QuarantinePrefix),
			s.readCatalog(),
		},
	})
}

// authorizerEnv has the OIDC settings all or not at all; with some of them the
// authorizer would not start and nobody could call, so synthesis fails.
func (s *stack) authorizerEnv() map[string]*string {
	env := map[string]*string{names.EnvTable: s.storage.table.TableName()}
	oidc := s.props.OIDC
	switch {
	case oidc == OIDC{}:
	case oidc.Issuer == "" || oidc.Audience == "" || oidc.WorkspaceClaim == "":
		awscdk.Annotations_Of(s.scope).AddError(jsii.String(
			contextOIDCIssuer + ", " + contextOIDCAudience + " and " + contextOIDCClaim + " go together: set all three or none"))
	default:
		env[names.EnvOIDCIssuer] = &oidc.Issuer
		env[names.EnvOIDCAudience] = &oidc.Audience
		env[names.EnvOIDCWorkspaceClaim] = &oidc.WorkspaceClaim
	}
	return env
}
