package google

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// connectionID is what may name a session as it is. Whatever else is refused and
// not rewritten: two connections must never have one name.
var connectionID = regexp.MustCompile(`^[A-Za-z0-9_-]{2,64}$`)

// sessionOf assumes the deployment's role for federation in the name of a
// connection. The role is in the account of the process, whatever the connection's
// credential says.
func sessionOf(ctx context.Context, cfg aws.Config, connection string) (aws.Credentials, error) {
	if !connectionID.MatchString(connection) {
		return aws.Credentials{}, fault.New(fault.SourceInvalidConfig, "the connection has no id by which Google could tell it from others")
	}
	client := sts.NewFromConfig(cfg)
	own, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return aws.Credentials{}, refusedByAWS("asking AWS who Headwater is", err)
	}
	caller, err := arn.Parse(aws.ToString(own.Arn))
	if err != nil {
		return aws.Credentials{}, noIdentity(err)
	}
	role := arn.ARN{Partition: caller.Partition, Service: "iam", AccountID: aws.ToString(own.Account), Resource: "role/" + catalog.GoogleFederationRole}
	session, err := stscreds.NewAssumeRoleProvider(client, role.String(), func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = connection
	}).Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, refusedByAWS("assuming the role for federation", err)
	}
	return session, nil
}

// refusedByAWS tells what the deployment lacks from what passes, or is the network's.
func refusedByAWS(doing string, err error) error {
	err = fmt.Errorf("%s: %w", doing, err)
	api, answered := errors.AsType[smithy.APIError](err)
	switch {
	case !answered:
		return err
	case api.ErrorCode() == "Throttling" || api.ErrorFault() == smithy.FaultServer:
		return fault.Wrap(fault.SourceUnavailable, "AWS STS did not answer properly", err)
	}
	return fault.Wrap(fault.SourceAuthentication, "AWS does not let Headwater assume its role "+catalog.GoogleFederationRole+", which Google is shown", err)
}
