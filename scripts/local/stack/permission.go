package stack

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/headwaterhq/headwater/scripts/local/access"
	"github.com/headwaterhq/headwater/scripts/local/template"
)

// grants are what a function's role allows, in S3 and elsewhere.
func grants(allowed []template.Statement) []access.Grant {
	var out []access.Grant
	for _, s := range allowed {
		out = append(out, access.Grant{Actions: s.Actions, Resources: s.Resources, LeadingKeys: s.LeadingKeys})
		for _, resource := range s.Resources {
			if path, ok := strings.CutPrefix(resource, "arn:aws:s3:::"); ok {
				bucket, prefix, _ := strings.Cut(path, "/")
				out = append(out, access.Grant{Actions: s.Actions, Bucket: bucket, Prefix: strings.TrimSuffix(prefix, "*")})
			}
		}
	}
	return out
}

// secretNeeds are the permissions of Secrets Manager: the operation on the secret, and tagging when tags come with it.
func (s *Stack) secretNeeds(r *http.Request, body []byte) []access.Need {
	var in struct {
		SecretId, Name string
		Tags           []any
	}
	_ = json.Unmarshal(body, &in) // what is no JSON is refused by the service
	prefix := "arn:aws:secretsmanager:" + s.cfg.Region + ":" + s.cfg.Account + ":secret:"
	resource := prefix + strings.TrimPrefix(in.SecretId+in.Name, prefix)
	operation := operation(r, "secretsmanager.")
	needs := []access.Need{{Action: "secretsmanager:" + operation, Resource: resource}}
	if operation == "CreateSecret" && len(in.Tags) > 0 {
		needs = append(needs, access.Need{Action: "secretsmanager:TagResource", Resource: resource})
	}
	return needs
}

func machineNeeds(r *http.Request, body []byte) []access.Need {
	var in struct{ StateMachineARN, ExecutionARN, MapRunARN string }
	_ = json.Unmarshal(body, &in) // what is no JSON is refused by the service
	return []access.Need{{Action: "states:" + operation(r, "AWSStepFunctions."), Resource: in.StateMachineARN + in.ExecutionARN + in.MapRunARN}}
}

func eventNeeds(r *http.Request, _ []byte) []access.Need {
	return []access.Need{{Action: "events:" + operation(r, "AWSEvents."), Resource: "*"}}
}

func invokeNeeds(r *http.Request, _ []byte) []access.Need {
	return []access.Need{{Action: "lambda:InvokeFunction", Resource: r.URL.Path}}
}

func operation(r *http.Request, prefix string) string {
	return strings.TrimPrefix(r.Header.Get("X-Amz-Target"), prefix)
}
