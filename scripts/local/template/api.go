package template

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// API is an HTTP API with its one stage.
type API struct {
	ID, Stage  string
	Routes     []Route
	CORS       *CORS
	Throttling Throttling
}

// Route is a route key such as "GET /v1/imports/{id}" or "$default", and the function that answers it.
type Route struct {
	Key, Function string
	Authorizer    *Authorizer // nil when anybody may call
}

// Authorizer is a Lambda authorizer with simple responses.
type Authorizer struct {
	Name, Function string
	IdentitySource []string // such as $request.header.Authorization
	TTL            time.Duration
}

// CORS is how preflight requests are answered.
type CORS struct {
	AllowCredentials                                        bool
	AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders []string
	MaxAge                                                  int // seconds
}

// Throttling is a token bucket over all callers. A zero rate does not throttle.
type Throttling struct {
	Rate  float64 // requests per second
	Burst int
}

type routeProperties struct {
	ApiId, RouteKey, Target         string
	AuthorizationType, AuthorizerId string
}

type stageProperties struct {
	ApiId, StageName     string
	DefaultRouteSettings struct {
		ThrottlingBurstLimit   int
		ThrottlingRateLimit    float64
		DetailedMetricsEnabled json.RawMessage
	}
}

func (p *parser) gateway(logical string, res resource) error {
	switch res.Type {
	case "AWS::ApiGatewayV2::Api":
		return p.api(logical, res)
	case "AWS::ApiGatewayV2::Integration":
		return p.integration(logical, res)
	case "AWS::ApiGatewayV2::Authorizer":
		return p.authorizer(logical, res)
	case "AWS::ApiGatewayV2::Route":
		var r routeProperties
		if err := p.decode(res, &r); err != nil {
			return err
		}
		p.routes = append(p.routes, r)
		return nil
	default: // AWS::ApiGatewayV2::Stage
		if p.stage != nil {
			return errors.New("the laptop stack only knows one stage")
		}
		p.stage = &stageProperties{}
		return p.decode(res, p.stage, "AccessLogSettings", "AutoDeploy", "Description", "Tags")
	}
}

func (p *parser) api(logical string, res resource) error {
	var a struct {
		ProtocolType      string
		CorsConfiguration *CORS
	}
	if err := p.decode(res, &a, "Description", "Name", "Tags"); err != nil {
		return err
	}
	if p.out.API != nil || a.ProtocolType != "HTTP" {
		return errors.New("the laptop stack only knows one HTTP API")
	}
	id, err := p.attribute(logical, "Ref")
	p.out.API = &API{ID: id, CORS: a.CorsConfiguration}
	return err
}

func (p *parser) integration(logical string, res resource) error {
	var i struct{ ApiId, IntegrationType, IntegrationUri, PayloadFormatVersion string }
	if err := p.decode(res, &i); err != nil {
		return err
	}
	if i.IntegrationType != "AWS_PROXY" || i.PayloadFormatVersion != "2.0" {
		return fmt.Errorf("the laptop stack does not know %s integrations of payload format %s", i.IntegrationType, i.PayloadFormatVersion)
	}
	id, err := p.attribute(logical, "Ref")
	p.integrations["integrations/"+id] = functionOf(i.IntegrationUri)
	return err
}

func (p *parser) authorizer(logical string, res resource) error {
	var a struct {
		ApiId, AuthorizerPayloadFormatVersion, AuthorizerType, AuthorizerUri, Name string
		AuthorizerResultTtlInSeconds                                               int
		EnableSimpleResponses                                                      bool
		IdentitySource                                                             []string
	}
	if err := p.decode(res, &a); err != nil {
		return err
	}
	if a.AuthorizerType != "REQUEST" || a.AuthorizerPayloadFormatVersion != "2.0" || !a.EnableSimpleResponses {
		return errors.New("the laptop stack only knows Lambda authorizers of payload format 2.0 with simple responses")
	}
	id, err := p.attribute(logical, "Ref")
	if err != nil {
		return err
	}
	if p.authorizers == nil {
		p.authorizers = map[string]Authorizer{}
	}
	p.authorizers[id] = Authorizer{
		Name: a.Name, Function: functionOf(a.AuthorizerUri), IdentitySource: a.IdentitySource,
		TTL: time.Duration(a.AuthorizerResultTtlInSeconds) * time.Second,
	}
	return nil
}

// connectAPI joins routes, integrations, authorizers and stage, which the template declares apart.
func (p *parser) connectAPI() error {
	if p.stage == nil {
		return errors.New("the HTTP API has no stage")
	}
	p.out.API.Stage = p.stage.StageName
	p.out.API.Throttling = Throttling{
		Rate: p.stage.DefaultRouteSettings.ThrottlingRateLimit, Burst: p.stage.DefaultRouteSettings.ThrottlingBurstLimit,
	}
	for _, r := range p.routes {
		function, ok := p.integrations[r.Target]
		if !ok {
			return fmt.Errorf("route %s has no integration", r.RouteKey)
		}
		route := Route{Key: r.RouteKey, Function: function}
		switch r.AuthorizationType {
		case "", "NONE":
		case "CUSTOM":
			authorizer, ok := p.authorizers[r.AuthorizerId]
			if !ok {
				return fmt.Errorf("route %s has no authorizer", r.RouteKey)
			}
			route.Authorizer = &authorizer
		default:
			return fmt.Errorf("the laptop stack does not know the authorization type %s of route %s", r.AuthorizationType, r.RouteKey)
		}
		p.out.API.Routes = append(p.out.API.Routes, route)
	}
	return nil
}

// functionOf is the name in a function's ARN, bare or inside API Gateway's invocation ARN.
func functionOf(uri string) string {
	_, name, _ := strings.Cut(uri, ":function:")
	name, _, _ = strings.Cut(name, "/")
	return name
}
