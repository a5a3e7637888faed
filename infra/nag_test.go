package main

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// accepted lists the cdk-nag findings that stand, each with its reason. One
// that no longer matches anything fails the test, as does any other finding.
var accepted = []struct {
	construct, finding string // regular expressions
	because            string
}{
	{
		`^/headwater/(Settle|Schedule)DeadLetters/`, `^AwsSolutions-SQS3:`,
		"these queues are the dead-letter queues",
	},
	{
		`^/headwater/HttpApi/(GET--openapi.yaml|OPTIONS--\{proxy\+\})/`, `^AwsSolutions-APIG4:`,
		"the API document and the browser preflight carry no data and need no key",
	},
	{
		`^/headwater/(RunImport|DailyUpkeep|MaintainLake)DistributedMap/`, `^AwsSolutions-IAM5\[Resource::.*:execution:<\w+\.Name>/\*\]`,
		"a distributed map's child executions get their names from Step Functions",
	},
	{
		`/headwater/(RunImport|DailyUpkeep|MaintainLake)DistributedMap/|Role/DefaultPolicy/`, `^AwsSolutions-IAM5\[Resource::<Lake\w+\.Arn>/(runs|lake|schemas|discoveries|upkeep|quarantine|manifests)/\*\]`,
		"an object's key has ids in it; the prefix is the narrowest that is known before",
	},
	{
		`^/headwater/(Api|Check|Discover|Plan|Extract)Role/`, `^AwsSolutions-IAM5\[Resource::arn:aws:secretsmanager:.*:secret:headwater/\*/con_\*\]`,
		"a credential's name has its workspace and connection in it",
	},
	{
		`^/headwater/(Api|Plan|Extract|Commit|Lookup)Role/`, `^AwsSolutions-IAM5\[Resource::arn:aws:secretsmanager:.*:secret:headwater/\*/workspace-keys\*\]`,
		"the name of a workspace's keys has the workspace in it",
	},
	{
		`^/headwater/(Check|Discover|Plan|Extract)Role/`, `^AwsSolutions-IAM5\[Resource::arn:\*:iam::\*:role/headwater-\*\]`,
		"the roles of connections are in their owners' accounts, and each has to trust this one",
	},
	{
		`^/headwater/(Plan|Extract|Commit|Settle|Lookup|Maintain)Role/`, `^AwsSolutions-IAM5\[Resource::arn:aws:glue:.*:(database/ws_\*|table/ws_\*/\*)\]`,
		"the catalog has one database per workspace, and one table per import in it",
	},
	{
		`^/headwater/MaintainRole/`, `^AwsSolutions-IAM5\[Resource::arn:aws:glue:.*:database/\*\]`,
		"Glue lists the databases of a whole catalog or none; all that is listed is their names",
	},
	{
		`^/headwater/\w+Role/DefaultPolicy/`, `^AwsSolutions-IAM5\[Resource::\*\]`,
		"traces and the delivery of a state machine's log cannot be narrowed to a resource; TestRoles holds that nothing else has it",
	},
}

func TestNagFindsNothingUnexplained(t *testing.T) {
	app, stack, err := newTestApp(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{}), nil)
	annotations := assertions.Annotations_FromStack(stack)
	findings := append(
		*annotations.FindError(jsii.String("*"), assertions.Match_AnyValue()),
		*annotations.FindWarning(jsii.String("*"), assertions.Match_AnyValue())...)
	if len(findings) == 0 {
		t.Fatal("cdk-nag did not run")
	}
	used := make([]bool, len(accepted))
	for _, f := range findings {
		construct, text := *f.Id, fmt.Sprint(f.Entry.Data) //nolint:staticcheck // the type that FindError returns is deprecated as a whole
		known := false
		for i, a := range accepted {
			if regexp.MustCompile(a.construct).MatchString(construct) && regexp.MustCompile(a.finding).MatchString(text) {
				known, used[i] = true, true
			}
		}
		if !known {
			t.Errorf("%s: %s", construct, text)
		}
	}
	for i, a := range accepted {
		if !used[i] {
			t.Errorf("nothing is found any more for %s at %s", a.finding, a.construct)
		}
	}
}
