package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/headwaterhq/headwater/shared/names"
)

// The vocabulary in which a role is written: each word is one statement about
// the stack's own table, lake, catalog, credentials or key.

type statements = []awsiam.PolicyStatement

func allow(actions []string, resources []*string, conditions map[string]any) awsiam.PolicyStatement {
	props := &awsiam.PolicyStatementProps{Actions: jsii.Strings(actions...), Resources: &resources}
	if conditions != nil {
		props.Conditions = &conditions
	}
	return awsiam.NewPolicyStatement(props)
}

// readItems allows reading the items of the given kinds of partition.
func (s *stack) readItems(partitions ...string) awsiam.PolicyStatement {
	return s.items([]string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}, partitions)
}

// writeItems allows reading, writing and changing the items of the given kinds of
// partition. A transaction is authorised by the actions of its parts.
func (s *stack) writeItems(partitions ...string) awsiam.PolicyStatement {
	return s.items([]string{
		"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem",
	}, partitions)
}

// deleteItems allows removing items of the given kinds of partition.
func (s *stack) deleteItems(partitions ...string) awsiam.PolicyStatement {
	return s.items([]string{"dynamodb:DeleteItem"}, partitions)
}

func (s *stack) items(actions, partitions []string) awsiam.PolicyStatement {
	keys := make([]string, len(partitions))
	for i, p := range partitions {
		keys[i] = p + "*"
	}
	return allow(actions, []*string{s.storage.table.TableArn()}, map[string]any{
		"ForAllValues:StringLike": map[string]any{"dynamodb:LeadingKeys": keys},
	})
}

// getItems allows reading single items of one kind of partition by their key.
func (s *stack) getItems(partition string) awsiam.PolicyStatement {
	return s.items([]string{"dynamodb:GetItem"}, []string{partition})
}

// queryWork allows reading the index of what is due, open or active.
func (s *stack) queryWork() awsiam.PolicyStatement {
	index := awscdk.Fn_Join(jsii.String("/index/"), &[]*string{s.storage.table.TableArn(), jsii.String(names.WorkIndex)})
	return allow([]string{"dynamodb:Query"}, []*string{index}, nil)
}

func (s *stack) readObjects(prefixes ...string) awsiam.PolicyStatement {
	return s.objects([]string{"s3:GetObject"}, prefixes)
}

// putObjects allows writing objects and not reading them back.
func (s *stack) putObjects(prefixes ...string) awsiam.PolicyStatement {
	return s.objects([]string{"s3:PutObject"}, prefixes)
}

func (s *stack) writeObjects(prefixes ...string) awsiam.PolicyStatement {
	return s.objects([]string{"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"}, prefixes)
}

func (s *stack) replaceObjects(prefixes ...string) awsiam.PolicyStatement {
	return s.objects([]string{"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"}, prefixes)
}

// objects allows actions on the lake bucket's objects below the prefixes.
func (s *stack) objects(actions, prefixes []string) awsiam.PolicyStatement {
	arns := make([]*string, len(prefixes))
	for i, p := range prefixes {
		arns[i] = s.storage.lake.ArnForObjects(jsii.String(p + "*"))
	}
	return allow(actions, arns, nil)
}

// listObjects lets a role tell a missing object from a forbidden one: without
// it S3 answers 403 to both.
func (s *stack) listObjects() awsiam.PolicyStatement {
	return allow([]string{"s3:ListBucket"}, []*string{s.storage.lake.BucketArn()}, nil)
}

// credentials allows actions on the connections' credentials.
func (s *stack) credentials(actions ...string) awsiam.PolicyStatement {
	return allow(actions, []*string{s.secret(names.ConnectionIDs)}, nil)
}

// workspaceKeys allows actions on the workspaces' own keys.
func (s *stack) workspaceKeys(actions ...string) awsiam.PolicyStatement {
	return allow(actions, []*string{s.secret(names.WorkspaceKeys + "*")}, nil)
}

// secret is the ARN of the secrets of any workspace with such a name. It ends in *: an ARN has a
// hyphen and six characters more after the name, but a call that names a secret that is not there yet has not.
func (s *stack) secret(name string) *string {
	return s.scope.FormatArn(&awscdk.ArnComponents{
		Service:      jsii.String("secretsmanager"),
		Resource:     jsii.String("secret"),
		ResourceName: jsii.String(names.SecretPrefix + "/*/" + name),
		ArnFormat:    awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})
}

// assumeSourceRoles allows assuming the roles by which connections read: those
// of any account whose name says so, and only if they trust this account.
func (s *stack) assumeSourceRoles() awsiam.PolicyStatement {
	return allow([]string{"sts:AssumeRole"}, []*string{jsii.String("arn:*:iam::*:role/" + names.SourceRolePrefix + "*")}, nil)
}

func (s *stack) readCatalog() awsiam.PolicyStatement {
	return s.catalog("glue:GetDatabase", "glue:GetTable", "glue:GetTables")
}

func (s *stack) writeCatalog() awsiam.PolicyStatement {
	return s.catalog("glue:GetDatabase", "glue:GetTable", "glue:GetTables",
		"glue:CreateDatabase", "glue:CreateTable", "glue:UpdateTable")
}

// keepCatalog allows new versions of tables that there are.
func (s *stack) keepCatalog() awsiam.PolicyStatement {
	return s.catalog("glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:UpdateTable")
}

// listCatalog allows finding out which databases there are. Glue lists all of a catalog or none.
func (s *stack) listCatalog() awsiam.PolicyStatement {
	return allow([]string{"glue:GetDatabases"}, []*string{s.catalogARN("catalog"), s.catalogARN("database/*")}, nil)
}

func (s *stack) catalogARN(resource string) *string {
	return s.scope.FormatArn(&awscdk.ArnComponents{Service: jsii.String("glue"), Resource: &resource})
}

// catalog allows actions on the workspaces' databases and their tables.
func (s *stack) catalog(actions ...string) awsiam.PolicyStatement {
	return allow(actions, []*string{
		s.catalogARN("catalog"),
		s.catalogARN("database/" + names.NamespacePrefix + "*"),
		s.catalogARN("table/" + names.NamespacePrefix + "*/*"),
	}, nil)
}

// Services by way of which a role may use the key.
const (
	viaTable   = "dynamodb"
	viaObjects = "s3"
	viaSecrets = "secretsmanager"
)

// useKey allows the key by way of the given services only, so that the right
// to read objects is not the right to open a secret.
func (s *stack) useKey(services ...string) awsiam.PolicyStatement {
	endpoints := make([]*string, len(services))
	for i := range services {
		endpoints[i] = awscdk.Fn_Join(jsii.String("."), &[]*string{&services[i], s.scope.Region(), s.scope.UrlSuffix()})
	}
	return allow([]string{"kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"}, []*string{s.storage.key.KeyArn()},
		map[string]any{"StringEquals": map[string]any{"kms:ViaService": endpoints}})
}

// serviceFor is an AWS service that may act for this account only.
func (s *stack) serviceFor(service string) awsiam.IPrincipal {
	return awsiam.NewServicePrincipal(&service, &awsiam.ServicePrincipalOpts{Conditions: &map[string]any{
		"StringEquals": map[string]any{"aws:SourceAccount": s.scope.Account()},
	}})
}
