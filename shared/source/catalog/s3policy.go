package catalog

import (
	"encoding/json"
	"strings"

	"github.com/headwaterhq/headwater/shared/source"
)

type statement struct {
	Sid       string         `json:"Sid"`
	Effect    string         `json:"Effect"`
	Action    string         `json:"Action"`
	Resource  any            `json:"Resource"` // one ARN, or several
	Condition map[string]any `json:"Condition,omitempty"`
}

// S3Grants is the IAM policy that a connection to S3 needs, and no more.
func S3Grants(req source.GrantRequest) []source.Grant {
	return []source.Grant{{Title: "Let the principal list and read", Language: "iam_policy", Text: s3Policy(req)}}
}

// s3Policy allows listing and reading below the prefix, or below the directories of the chosen tables.
func s3Policy(req source.GrantRequest) string {
	bucket := s3ARN(req)
	prefix := strings.Trim(req.Text("prefix"), "/")
	if prefix != "" {
		prefix += "/"
	}
	list := statement{Sid: "HeadwaterList", Effect: "Allow", Action: "s3:ListBucket", Resource: bucket}
	if prefix != "" {
		list.Condition = map[string]any{"StringLike": map[string]string{"s3:prefix": prefix + "*"}}
	}
	read := statement{Sid: "HeadwaterRead", Effect: "Allow", Action: "s3:GetObject", Resource: bucket + "/" + prefix + "*"}
	doc, err := json.MarshalIndent(struct {
		Version   string      `json:"Version"`
		Statement []statement `json:"Statement"`
	}{"2012-10-17", []statement{list, read}}, "", "  ")
	if err != nil {
		panic("catalog: policies always marshal: " + err.Error())
	}
	return string(doc)
}

// s3ARN is the bucket's, in the partition of its region.
func s3ARN(req source.GrantRequest) string {
	switch region := req.Text("region"); {
	case strings.HasPrefix(region, "cn-"):
		return "arn:aws-cn:s3:::" + req.Text("bucket")
	case strings.HasPrefix(region, "us-gov-"):
		return "arn:aws-us-gov:s3:::" + req.Text("bucket")
	}
	return "arn:aws:s3:::" + req.Text("bucket")
}
