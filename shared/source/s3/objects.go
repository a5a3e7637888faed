package s3

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/headwaterhq/headwater/shared/fault"
	"github.com/headwaterhq/headwater/shared/source"
	"github.com/headwaterhq/headwater/shared/source/file"
)

// samples is how many directories a check reads an object of: permissions may
// be limited to the directories of some tables.
const samples = 5

// objects returns objects with content from the first page of the prefix, each
// of another directory.
func (s *session) objects(ctx context.Context) ([]string, error) {
	page, err := s.store().List(ctx, s.config.prefix, "")
	if err != nil {
		return nil, err
	}
	var keys []string
	seen := make(map[string]bool)
	for _, obj := range page.Objects {
		if dir := path.Dir(obj.Key); obj.Size > 0 && !seen[dir] && len(keys) < samples {
			seen[dir] = true
			keys = append(keys, obj.Key)
		}
	}
	return keys, nil
}

func (s *session) listObjects(ctx context.Context) (source.Finding, error) {
	keys, err := s.objects(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	if len(keys) == 0 {
		return source.Finding{
			Warning: "there is no object with content under the prefix yet",
			Remedy:  source.Remedy{Text: "Check the prefix; it is case-sensitive. If it is right, the tables appear once files arrive and the schema is refreshed."},
		}, nil
	}
	return source.Finding{Detail: "found " + keys[0]}, nil
}

// sample is an object and what came of reading its first byte.
type sample struct {
	key string
	out *s3.GetObjectOutput // without its body
	err error
}

// denied reports whether S3 denies the object. What is archived, and what KMS
// does not decrypt, S3 has found allowed.
func (o sample) denied() bool {
	class, _ := classOf(o.err)
	return class == fault.SourcePermission && !keyDenied(o.err)
}

// sampled reads a byte of some objects. What is about one object alone is its
// sample's error: that it is denied or archived. One that is gone is left out.
func (s *session) sampled(ctx context.Context) ([]sample, error) {
	keys, err := s.objects(ctx)
	if err != nil {
		return nil, err
	}
	var all []sample
	for _, key := range keys {
		out, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.config.bucket, Key: &key, Range: aws.String("bytes=0-0")})
		if err == nil {
			err = out.Body.Close()
		}
		switch class, _ := classOf(err); {
		case err == nil, !assuming(err) && (class == fault.SourcePermission || class == fault.SourceMalformed):
			all = append(all, sample{key: key, out: out, err: err})
		case codeOf(err) != "NoSuchKey":
			return nil, explain(file.Object{Key: key}, err)
		}
	}
	return all, nil
}

// getObject reads a byte of an object. Where S3 gives it and KMS does not
// decrypt it, this check has nothing to say: s3.kms_decrypt has.
func (s *session) getObject(ctx context.Context) (source.Finding, error) {
	all, err := s.sampled(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	if len(all) == 0 {
		return source.Finding{Detail: "there is no object to read yet"}, nil
	}
	given := slices.IndexFunc(all, func(o sample) bool { return !o.denied() })
	denied := slices.IndexFunc(all, sample.denied)
	switch {
	case given < 0:
		return source.Finding{}, explain(file.Object{Key: all[0].key}, all[0].err)
	case denied >= 0:
		return source.Finding{
			Warning: fmt.Sprintf("may read %s, and may not read %s: the tables of such directories cannot be imported", all[given].key, all[denied].key),
			Remedy:  source.Remedy{Text: "If those tables are wanted, attach this policy to the " + s.config.holder() + ".", Snippet: s.config.policy()},
		}, nil
	}
	return source.Finding{Detail: "S3 gives " + all[given].key}, nil
}

// decrypt tells a denial of KMS from one of S3, and the key's setting from the key.
func (s *session) decrypt(ctx context.Context) (source.Finding, error) {
	all, err := s.sampled(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	read := slices.IndexFunc(all, func(o sample) bool { return o.err == nil })
	locked := slices.IndexFunc(all, func(o sample) bool { return keyDenied(o.err) })
	switch {
	case locked >= 0 && read < 0:
		return source.Finding{}, fault.Wrap(fault.SourcePermission, all[locked].key+": KMS denied "+decryptAction, all[locked].err)
	case locked >= 0:
		return source.Finding{
			Warning: fmt.Sprintf("may decrypt %s, and not %s: the tables of such directories cannot be imported", all[read].key, all[locked].key),
			Remedy:  s.keyRemedy(),
		}, nil
	case read >= 0:
		return s.encryption(all[read]), nil
	}
	return source.Finding{Detail: "there is no object to decrypt yet"}, nil
}

func (s *session) encryption(o sample) source.Finding {
	switch o.out.ServerSideEncryption {
	case types.ServerSideEncryptionAwsKms, types.ServerSideEncryptionAwsKmsDsse:
	default:
		return source.Finding{Detail: o.key + " is not encrypted with a KMS key"}
	}
	key := aws.ToString(o.out.SSEKMSKeyId)
	if s.config.kmsKey != "" && key != s.config.kmsKey {
		return source.Finding{
			Warning: o.key + " is encrypted with " + key + ", which is not the key of the settings",
			Remedy:  source.Remedy{Text: "Correct kms_key_arn: the policies that Headwater prints allow decryption with that key alone.", Snippet: key},
		}
	}
	return source.Finding{Detail: o.key + " is decrypted with " + key}
}

// requester sees whether the connection's account is charged.
func (s *session) requester(ctx context.Context) (source.Finding, error) {
	all, err := s.sampled(ctx)
	if err != nil {
		return source.Finding{}, err
	}
	for _, o := range all {
		switch {
		case o.err != nil:
		case o.out.RequestCharged == types.RequestChargedRequester:
			return source.Finding{Detail: "AWS bills requests, and the transfer out of the bucket's region, to the account of the " + s.config.holder()}, nil
		default:
			return source.Finding{
				Warning: "the bucket does not charge its readers",
				Remedy:  source.Remedy{Text: "Leave requester_pays out: should the bucket's owner ever turn it on, reading would then cost you without a question."},
			}, nil
		}
	}
	return source.Finding{Detail: "there is no object to read yet"}, nil
}

// pinVersions tries what Plan does to pin objects.
func (s *session) pinVersions(ctx context.Context) (source.Finding, error) {
	versions := s.versions()
	page, err := versions.List(ctx, s.config.prefix, "")
	denial := versions.lacks
	switch class, _ := classOf(err); {
	case errors.Is(err, errUnlisted) && class == fault.SourcePermission:
		denial = err
	case errors.Is(err, errUnlisted):
		return source.Finding{Detail: "the store knows no versions: a file that is replaced during a run fails the run"}, nil
	case err != nil:
		return source.Finding{}, err
	}
	if denial != nil {
		return source.Finding{
			Warning: "objects cannot be pinned to versions, so a file that is replaced during a run fails the run, also where the bucket keeps versions: " + missing(denial),
			Remedy:  source.Remedy{Text: "Attach this policy to the " + s.config.holder() + ".", Snippet: s.config.policy()},
		}, nil
	}
	for _, obj := range page.Objects {
		if obj.Version != "" {
			return source.Finding{Detail: "a run reads the versions that it found at its beginning, such as of " + obj.Key}, nil
		}
	}
	return source.Finding{Detail: "the bucket keeps no versions: a file that is replaced during a run fails the run"}, nil
}

func missing(denial error) string {
	action := deniedAction(denial)
	if action == "s3:GetObject" { // as the operation is called, also for a version
		action = "s3:GetObjectVersion"
	}
	return strings.TrimSpace("missing " + action)
}
