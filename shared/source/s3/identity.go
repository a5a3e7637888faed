package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
)

// identify asks STS who the credentials belong to, which needs no permission.
func (s *session) identify(ctx context.Context) (source.Finding, error) {
	out, err := s.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return source.Finding{}, err
	}
	return source.Finding{Detail: "the key belongs to " + aws.ToString(out.Arn)}, nil
}

// assume assumes the role, and asks with what it got who that is.
func (s *session) assume(ctx context.Context) (source.Finding, error) {
	out, err := s.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return source.Finding{}, err
	}
	if got := aws.ToString(out.Arn); !sessionOf(got, s.config.role) {
		return source.Finding{}, fault.Wrap(fault.SourceAuthentication, "AWS gave a session of another role", fmt.Errorf("GetCallerIdentity: %s", got))
	}
	return source.Finding{Detail: "became " + aws.ToString(out.Arn)}, nil
}

// sessionOf reports whether an assumed-role ARN is a session of the role:
// arn:aws:sts::<account>:assumed-role/<name>/<session> of arn:aws:iam::<account>:role/<name>.
func sessionOf(session, role string) bool {
	account, name, _ := strings.Cut(strings.Replace(role, ":iam::", ":sts::", 1), ":role/")
	return strings.HasPrefix(session, account+":assumed-role/"+name+"/")
}

// nothing is a session policy under which a session can do nothing.
const nothing = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`

// externalID tries to assume the role as somebody would who has another
// connection: without the external ID, and with another one. Both must be
// refused, or whoever else uses the deployment could read the bucket by naming
// the role. What it would get if not could do nothing, and is dropped.
func (s *session) externalID(ctx context.Context) (source.Finding, error) {
	for _, attempt := range []struct{ id, how string }{
		{"", "without an external ID"},
		{"not-" + rand.Text(), "with another external ID"},
	} {
		_, err := s.broker.session(nothing, attempt.id).Retrieve(ctx)
		switch {
		case err == nil:
			return source.Finding{}, fault.Wrap(fault.SourcePermission,
				"the role can be assumed "+attempt.how+": whoever else uses this deployment and knows the role's ARN could read with it",
				errors.New("AssumeRole gave a session "+attempt.how))
		case codeOf(err) != "AccessDenied":
			return source.Finding{}, err
		}
	}
	return source.Finding{Detail: "the role is refused without the external ID, and with another one"}, nil
}

// openTrustRemedy is of a role that more than this connection can assume.
func (s *session) openTrustRemedy(err error) source.Remedy {
	if fault.CodeOf(err) != fault.SourcePermission {
		return s.remedy(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), askingFor)
	defer cancel()
	return source.Remedy{
		Text:    "Replace the role's trust policy by this one, which demands this connection's external ID; a new trust policy takes effect within seconds.",
		Snippet: s.trustPolicy(ctx),
	}
}

// trustPolicy is the trust policy to paste, with the deployment's own account if STS tells it.
func (s *session) trustPolicy(ctx context.Context) string {
	c := s.config
	c.permissions.Principal = s.broker.account(ctx)
	return c.grant("trust_policy")
}
