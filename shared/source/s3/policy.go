package s3

import (
	"encoding/json"
	"strings"
)

type statement struct {
	Sid       string         `json:"Sid"`
	Effect    string         `json:"Effect"`
	Action    string         `json:"Action"`
	Resource  string         `json:"Resource"`
	Condition map[string]any `json:"Condition,omitempty"`
}

// policy is the IAM policy that a connection needs, and no more.
func (c config) policy() string {
	list := statement{Sid: "HeadwaterList", Effect: "Allow", Action: "s3:ListBucket", Resource: c.arn()}
	if c.prefix != "" {
		list.Condition = map[string]any{"StringLike": map[string]string{"s3:prefix": c.prefix + "*"}}
	}
	read := statement{Sid: "HeadwaterRead", Effect: "Allow", Action: "s3:GetObject", Resource: c.arn() + "/" + c.prefix + "*"}
	doc, err := json.MarshalIndent(struct {
		Version   string      `json:"Version"`
		Statement []statement `json:"Statement"`
	}{"2012-10-17", []statement{list, read}}, "", "  ")
	if err != nil {
		panic("s3: policies always marshal: " + err.Error())
	}
	return string(doc)
}

// arn is the bucket's, in the partition of its region.
func (c config) arn() string {
	switch {
	case strings.HasPrefix(c.region, "cn-"):
		return "arn:aws-cn:s3:::" + c.bucket
	case strings.HasPrefix(c.region, "us-gov-"):
		return "arn:aws-us-gov:s3:::" + c.bucket
	}
	return "arn:aws:s3:::" + c.bucket
}
