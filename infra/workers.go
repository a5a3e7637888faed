package main

import (
	"maps"

	"github.com/aws/jsii-runtime-go"

	"github.com/headwaterhq/headwater/shared/names"
)

// addWorkers creates the functions that the state machines call. What a
// worker may do is what docs/architecture.md says it does, and no more.
func (s *stack) addWorkers() {
	for _, spec := range []functionSpec{
		{
			name: names.Check, memory: memorySmall, timeout: 60,
			env: s.env(sourceEnv()),
			may: statements{
				s.useKey(viaTable, viaSecrets),
				s.writeItems(names.WorkspacePartition, names.ConnectionPartition),
				s.credentials("secretsmanager:GetSecretValue"), s.assumeSourceRoles(),
			},
		},
		{
			name: names.Discover, memory: memorySmall, timeout: 120,
			env: s.env(sourceEnv()),
			may: statements{
				s.useKey(viaTable, viaSecrets, viaObjects),
				s.readItems(names.WorkspacePartition), s.writeItems(names.ConnectionPartition),
				s.credentials("secretsmanager:GetSecretValue"), s.assumeSourceRoles(),
				s.listObjects(), s.writeObjects(names.SchemaPrefix, names.DiscoveryPrefix),
			},
		},
		{
			name: names.Roster, memory: memorySmall, timeout: 30,
			env: s.env(),
			may: statements{
				s.useKey(viaTable, viaObjects),
				s.queryWork(), s.readItems(names.WorkspacePartition),
				s.putObjects(names.UpkeepPrefix),
			},
		},
		{
			name: names.Claim, memory: memorySmall, timeout: 30,
			env: s.env(),
			may: statements{
				s.useKey(viaTable),
				s.queryWork(), s.writeItems(names.WorkspacePartition, names.ImportPartition),
			},
		},
		{
			name: names.Plan, memory: memoryLake, timeout: 900,
			env: s.env(sourceEnv(), lakeEnv()),
			may: statements{
				s.useKey(viaTable, viaSecrets, viaObjects),
				s.readItems(names.WorkspacePartition), s.writeItems(names.ImportPartition, names.RunPartition),
				s.items([]string{"dynamodb:GetItem", "dynamodb:PutItem"}, []string{names.RunKeyPartition}), // it makes a run's key
				s.credentials("secretsmanager:GetSecretValue"), s.assumeSourceRoles(),
				s.workspaceKeys("secretsmanager:GetSecretValue"),
				s.listObjects(), s.readObjects(names.SchemaPrefix), s.writeObjects(names.RunPrefix),
				// Changing a table's columns drops its oldest metadata files.
				s.replaceObjects(names.LakePrefix),
				s.writeCatalog(),
			},
		},
		{
			name: names.Extract, memory: memoryLake, disk: diskLake, timeout: 900,
			env: s.env(sourceEnv(), lakeEnv()),
			may: statements{
				s.useKey(viaTable, viaSecrets, viaObjects),
				s.readItems(names.WorkspacePartition), s.writeItems(names.ImportPartition, names.RunPartition), s.getItems(names.RunKeyPartition),
				s.credentials("secretsmanager:GetSecretValue"), s.assumeSourceRoles(),
				s.workspaceKeys("secretsmanager:GetSecretValue"),
				// A worker that loses the race for a part drops the files it wrote.
				s.listObjects(), s.replaceObjects(names.RunPrefix, names.QuarantinePrefix, names.LakePrefix),
				s.readCatalog(),
			},
		},
		{
			name: names.Commit, memory: memoryLake, disk: diskLake, timeout: 600,
			env: s.env(credentialEnv(), lakeEnv()),
			may: statements{
				s.useKey(viaTable, viaSecrets, viaObjects),
				s.workspaceKeys("secretsmanager:GetSecretValue"), // links of hubs go to quarantine
				s.writeItems(names.ImportPartition, names.RunPartition), s.getItems(names.RunKeyPartition),
				s.listObjects(), s.writeObjects(names.RunPrefix), s.putObjects(names.QuarantinePrefix, names.ManifestPrefix),
				s.replaceObjects(names.LakePrefix),
				s.writeCatalog(),
			},
		},
		{
			name: names.Settle, memory: memoryLake, timeout: 30,
			env: s.env(lakeEnv()),
			may: statements{
				s.useKey(viaTable, viaObjects),
				s.queryWork(), s.writeItems(names.WorkspacePartition, names.ConnectionPartition, names.ImportPartition),
				// A run that died while committing is looked up in the lake.
				s.listObjects(), s.readObjects(names.LakePrefix), s.readCatalog(),
			},
		},
		{
			name: names.Maintain, memory: memoryLake, timeout: 900,
			env: s.env(lakeEnv()),
			may: statements{
				s.useKey(viaObjects),
				s.listObjects(), s.putObjects(names.UpkeepPrefix), s.replaceObjects(names.LakePrefix),
				s.listCatalog(), s.keepCatalog(),
			},
		},
	} {
		s.addFunction(spec)
	}
}

// env is the environment of every function that works on the lake bucket or
// beside it, with what else it needs.
func (s *stack) env(more ...map[string]*string) map[string]*string {
	env := map[string]*string{
		names.EnvTable:  s.storage.table.TableName(),
		names.EnvBucket: s.storage.lake.BucketName(),
	}
	for _, m := range more {
		maps.Copy(env, m)
	}
	return env
}

// sourceEnv is for the functions that open sources. Snowflake's SDK is kept from
// looking for a metadata service and from unpacking a native library, at its first login.
func sourceEnv() map[string]*string {
	env := credentialEnv()
	env["SNOWFLAKE_DISABLE_PLATFORM_DETECTION"] = jsii.String("true")
	env["SF_DISABLE_MINICORE"] = jsii.String("true")
	return env
}

func credentialEnv() map[string]*string {
	return map[string]*string{names.EnvSecretPrefix: jsii.String(names.SecretPrefix)}
}

func lakeEnv() map[string]*string {
	return map[string]*string{names.EnvLakeCatalog: jsii.String(names.CatalogGlue)}
}
