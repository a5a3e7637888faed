package s3

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/catalog"
)

// askingFor is how long a remedy may take to find out what to print in it.
const askingFor = 2 * time.Second

// remedy says what to do about a failed check. Of the provider's error only the
// text is left here: what kind of failure it was, the message says.
func (s *session) remedy(err error) source.Remedy {
	message := ""
	if e, ok := fault.As(err); ok {
		message = e.Message
	}
	switch fault.CodeOf(err) {
	case fault.SourceAuthentication:
		if s.config.assumes() {
			return s.trustRemedy(message)
		}
		return source.Remedy{
			Text:    "Check that the key is there and Active, and that the secret belongs to it: who has both asks AWS by the last command. If in doubt, create a new key for the same user, or better a role.",
			Snippet: s.userKeys() + "\nAWS_ACCESS_KEY_ID=" + s.config.keyID + " AWS_SECRET_ACCESS_KEY='<secret>' aws sts get-caller-identity",
		}
	case fault.SourceExpired:
		return s.expiredRemedy()
	case fault.SourcePermission:
		if strings.Contains(message, decryptAction) {
			return s.keyRemedy()
		}
		text := "Attach this policy to the " + s.config.holder() + ". See too that no bucket policy denies it, and that the bucket's own policy allows it where the bucket is in another account."
		if !s.config.requesterPays {
			text += " If the bucket charges its readers, S3 answers the same: then set requester_pays, which makes AWS bill requests and transfer to your account."
		}
		return source.Remedy{Text: text, Snippet: s.config.policy()}
	case fault.SourceNotFound:
		return source.Remedy{Text: "Correct the bucket: there is none with this name in any AWS account of this partition. The second command lists those of your account.", Snippet: s.headBucket() + "\naws s3api list-buckets --query 'Buckets[].Name'"}
	case fault.SourceWrongRegion:
		return source.Remedy{Text: "Set the region to the bucket's own. Headwater does not follow to another region by itself: transfer between regions is billed.", Snippet: s.headBucket() + " --query BucketRegion --output text"}
	case fault.SourceNetwork:
		return source.Remedy{
			Text:    "Let the deployment reach S3 and STS in this region on port 443. By default it is in no VPC and does; in a VPC of yours it needs endpoints of both, or a route to them, such as a NAT gateway.",
			Snippet: catalog.ReachHosts("s3."+s.config.region+".amazonaws.com", "sts."+s.broker.region()+".amazonaws.com"),
		}
	}
	class, _ := fault.Lookup(fault.CodeOf(err))
	return source.Remedy{Text: class.Remedy, Snippet: s.headBucket()}
}

// headBucket asks whether there is the bucket, and where.
func (s *session) headBucket() string { return "aws s3api head-bucket --bucket " + s.config.bucket }

// userKeys finds the IAM user of the access key, and shows the user's keys.
func (s *session) userKeys() string {
	return "USER_NAME=$(aws iam get-access-key-last-used --access-key-id " + s.config.keyID + " --query UserName --output text)\n" +
		`aws iam list-access-keys --user-name "$USER_NAME"`
}

// expiredRemedy is for a session token whose time is over and, of a role, for
// sessions that somebody revoked.
func (s *session) expiredRemedy() source.Remedy {
	if s.config.assumes() {
		_, role, _ := strings.Cut(s.config.role, ":role/")
		return source.Remedy{
			Text:    "See whether somebody revoked the role's sessions: that adds the policy AWSRevokeOlderSessions to the role. New sessions work.",
			Snippet: "aws iam list-role-policies --role-name " + role,
		}
	}
	return source.Remedy{
		Text:    "Temporary credentials last hours. Use a role, whose credentials are renewed, or the access key of an IAM user, which has no session token and does not expire.",
		Snippet: "aws iam create-access-key --user-name '<IAM user>'",
	}
}

// trustRemedy covers what STS does not tell apart: that there is no such role,
// that it trusts somebody else, and that it wants another external ID.
func (s *session) trustRemedy(message string) source.Remedy {
	switch message {
	case ownDenial:
		return source.Remedy{
			Text: "See which of the deployment's own policies, or of its organization's, does not let its functions assume the role: they may assume roles whose names begin with " + catalog.S3RolePrefix + ". This is to run in the deployment's account.",
			Snippet: "aws iam simulate-principal-policy --action-names sts:AssumeRole --resource-arns " + s.config.role +
				" \\\n  --policy-source-arn \"$(aws lambda get-function-configuration --function-name headwater-check --query Role --output text)\"",
		}
	case regionDisabled:
		return source.Remedy{
			Text:    "Activate STS for this region in the account of the role: in the account settings of IAM, for which there is no command. A region that is to be opted into is enabled first; this shows whether it is.",
			Snippet: "aws account get-region-opt-status --region-name " + s.broker.region(),
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), askingFor)
	defer cancel()
	return source.Remedy{
		Text: "Compare the role's ARN with the one in IAM, letter by letter. Then give the role this trust policy: it names the deployment and this connection's external ID. " +
			"AWS says the same to a missing role, a missing trust and a wrong external ID; a new trust policy takes effect within seconds.",
		Snippet: s.trustPolicy(ctx),
	}
}

func (s *session) keyRemedy() source.Remedy {
	if s.config.kmsKey == "" {
		return source.Remedy{
			Text:    "S3 gives the object, and KMS does not decrypt it. Set kms_key_arn to the key that encrypts the bucket, attach the policy that the connection's grants then show, and allow kms:Decrypt in the key's own policy.",
			Snippet: "aws s3api get-bucket-encryption --bucket " + s.config.bucket,
		}
	}
	return source.Remedy{
		Text: "S3 gives the object, and KMS does not decrypt it. Compare kms_key_arn with the key in AWS's answer; allow kms:Decrypt in the policy of the " + s.config.holder() +
			", and add this statement to the key's own policy.",
		Snippet: s.keyPolicy(),
	}
}

// keyPolicy is the statement for the key's policy, with who the connection is if STS tells it.
func (s *session) keyPolicy() string {
	c := s.config
	if c.permissions.Identity == "" {
		ctx, cancel := context.WithTimeout(context.Background(), askingFor)
		defer cancel()
		if out, err := s.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err == nil {
			c.permissions.Identity = aws.ToString(out.Arn)
		}
	}
	return c.grant("key_policy")
}
