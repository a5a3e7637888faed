// Command infra is the CDK app: it describes everything Headwater needs in
// one AWS account as one CloudFormation stack. The CDK CLI runs it; cdk.json
// at the root says how.
package main

import (
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/headwaterhq/headwater/shared/names"
)

// Context keys, set in cdk.json or with `cdk -c key=value`.
const (
	contextRegion       = "headwater:region"
	contextLambdaDir    = "headwater:lambdaDir"
	contextCORSOrigins  = "headwater:corsOrigins"
	contextAlarmEmail   = "headwater:alarmEmail"
	contextOIDCIssuer   = "headwater:oidcIssuer"
	contextOIDCAudience = "headwater:oidcAudience"
	contextOIDCClaim    = "headwater:oidcWorkspaceClaim"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	NewStack(app, names.Stack, propsFromContext(app))
	app.Synth(nil)
}

// propsFromContext reads the context; the CDK CLI runs the app at the
// repository's root, so relative paths start there.
func propsFromContext(app awscdk.App) *Props {
	value := func(key, otherwise string) string {
		if s, ok := app.Node().TryGetContext(jsii.String(key)).(string); ok && s != "" {
			return s
		}
		return otherwise
	}
	return &Props{
		Region:      value(contextRegion, "us-east-1"),
		LambdaDir:   value(contextLambdaDir, filepath.Join("build", "lambda")),
		MachineDir:  "statemachines",
		CORSOrigins: splitList(value(contextCORSOrigins, "*")),
		AlarmEmail:  value(contextAlarmEmail, ""),
		OIDC: OIDC{
			Issuer:         value(contextOIDCIssuer, ""),
			Audience:       value(contextOIDCAudience, ""),
			WorkspaceClaim: value(contextOIDCClaim, ""),
		},
	}
}
