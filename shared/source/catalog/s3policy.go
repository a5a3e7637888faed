package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/headwaterhq/headwater/shared/source"
)

// policyStatement is one statement of an IAM policy.
type policyStatement struct {
	Sid       string            `json:"Sid"`
	Effect    string            `json:"Effect"`
	Principal map[string]string `json:"Principal,omitempty"`
	Action    any               `json:"Action"`   // one action, or several
	Resource  any               `json:"Resource"` // one ARN, or several
	Condition map[string]any    `json:"Condition,omitempty"`
}

// maxSessionPolicy is how long a session policy may be, by the AWS STS API reference.
const maxSessionPolicy = 2048

// S3SessionPolicy limits a session of the role to the connection's bucket and
// prefix, whatever the role itself may do. Without a setting for the key it
// leaves decryption to the role, by way of S3 alone.
//
// STS takes no more than 2,048 characters, an escaped one counting as six: a
// very long prefix is pinned by its beginning.
func S3SessionPolicy(req source.GrantRequest) string {
	prefix := directory(req.Text("prefix"), "")
	for {
		doc := policyLine(s3Statements(req, []string{prefix}, true))
		if len(doc) <= maxSessionPolicy {
			return doc
		}
		_, last := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-last]
	}
}

// s3Policy allows listing the prefix, and reading what is below it or below
// the directories of the chosen tables.
func s3Policy(req source.GrantRequest) string {
	return policyDocument(s3Statements(req, s3Directories(req), false))
}

// s3Directories are those of the chosen tables, or the whole prefix.
func s3Directories(req source.GrantRequest) []string {
	if len(req.Tables) == 0 {
		return []string{directory(req.Text("prefix"), "")}
	}
	directories := make([]string, len(req.Tables))
	for i, table := range req.Tables {
		directories[i] = directory(req.Text("prefix"), table)
	}
	return directories
}

// s3Statements are what a connection needs. Discovery looks at the whole
// prefix, so listing is not narrowed to directories: it shows names and sizes.
func s3Statements(req source.GrantRequest, directories []string, session bool) []policyStatement {
	bucket := s3ARN(req)
	list := policyStatement{Sid: "HeadwaterList", Effect: "Allow", Action: []string{"s3:ListBucket", "s3:ListBucketVersions"}, Resource: bucket}
	below := directory(req.Text("prefix"), "")
	if session {
		below = directories[0]
	}
	if below != "" {
		list.Condition = map[string]any{"StringLike": map[string]string{"s3:prefix": policyText(below) + "*"}}
	}
	objects := make([]string, len(directories))
	for i, d := range directories {
		objects[i] = bucket + "/" + policyText(d) + "*"
	}
	read := policyStatement{Sid: "HeadwaterRead", Effect: "Allow", Action: []string{"s3:GetObject", "s3:GetObjectVersion"}, Resource: oneOrAll(objects)}
	all := []policyStatement{list, read}
	key := req.Text("kms_key_arn")
	if key == "" && session {
		key = "*"
	}
	if key != "" {
		all = append(all, policyStatement{Sid: "HeadwaterDecrypt", Effect: "Allow", Action: "kms:Decrypt", Resource: key, Condition: viaS3(req)})
	}
	return all
}

// viaS3 is the condition that a key is used by S3 on behalf of the caller.
func viaS3(req source.GrantRequest) map[string]any {
	domain := ".amazonaws.com"
	if s3Partition(req) == "aws-cn" {
		domain += ".cn"
	}
	return map[string]any{"StringEquals": map[string]string{"kms:ViaService": "s3." + req.Text("region") + domain}}
}

// directory is what the keys of a table begin with, and those of others
// perhaps; without a table, what all keys of a connection begin with. It is the
// inverse of the names that package file gives: the table of the files directly
// below the prefix has the prefix's last name, and one in a directory of that
// same name begins with "./".
func directory(prefix, table string) string {
	prefix = strings.Trim(prefix, "/")
	root := "root"
	if prefix != "" {
		root = path.Base(prefix)
		prefix += "/"
	}
	if table == "" || table == root {
		return prefix
	}
	return prefix + strings.TrimPrefix(table, "./") + "/"
}

// policyText spells text so that no character of it is a wildcard or a variable of a policy.
func policyText(text string) string {
	return strings.NewReplacer("$", "${$}", "*", "${*}", "?", "${?}").Replace(text)
}

func oneOrAll(list []string) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// s3ARN is the bucket's, in the partition of its region.
func s3ARN(req source.GrantRequest) string {
	return "arn:" + s3Partition(req) + ":s3:::" + req.Text("bucket")
}

func s3Partition(req source.GrantRequest) string {
	switch region := req.Text("region"); {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// policyDocument writes a policy for people.
func policyDocument[S any](statements []S) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(policyLine(statements)), "", "  "); err != nil {
		panic("catalog: policies are always JSON: " + err.Error())
	}
	return b.String()
}

// policyLine writes a policy in one line, in ASCII: of what is beyond Latin-1
// neither IAM nor STS takes a character that is not escaped (their pattern is
// [\u0009\u000A\u000D\u0020-\u00FF]+). What HTML escapes stays as it is: a policy
// is pasted, and a prefix may have an ampersand.
func policyLine[S any](statements []S) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(struct {
		Version   string `json:"Version"`
		Statement []S    `json:"Statement"`
	}{"2012-10-17", statements})
	if err != nil {
		panic("catalog: policies always marshal: " + err.Error())
	}
	return inASCII(strings.TrimSuffix(b.String(), "\n"))
}

// inASCII writes JSON text with escapes for what is not ASCII, which only ever
// stands within its strings.
func inASCII(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			b.WriteByte(byte(r))
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
