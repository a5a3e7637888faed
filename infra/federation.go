package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/headwaterhq/headwater/shared/names"
)

// addFederationRole creates the role that other clouds are shown. It may do
// nothing: all it is for is the name of its session, the connection's id, by
// which an owner of data lets in that connection and no other. Only the functions
// that open sources are trusted with it, and by such a name.
func (s *stack) addFederationRole() {
	var trusted []awsiam.IPrincipal
	for _, function := range []string{names.Check, names.Discover, names.Plan, names.Extract} {
		trusted = append(trusted, awsiam.NewArnPrincipal(s.functions[function].Role().RoleArn()))
	}
	awsiam.NewRole(s.scope, jsii.String("FederationRole"), &awsiam.RoleProps{
		RoleName: jsii.String(names.FederationRole),
		AssumedBy: awsiam.NewPrincipalWithConditions(awsiam.NewCompositePrincipal(trusted...), &map[string]any{
			"StringLike": map[string]any{"sts:RoleSessionName": names.ConnectionIDs},
		}),
		Description: jsii.String("Shown to other clouds as a connection of Headwater's. May do nothing."),
	})
}
