//! Routes that can be listed: a router cannot hold one that its list does not name.
//!
//! The list is what tests of access and documents of the API are made from. Deliberately absent: anything else that such a
//! document says of an operation; it is found by the operation's name.

use axum::{Router, handler::Handler, http::Method, routing};

use crate::fallbacks;

/// One operation of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path below the service's base URL, parameters in braces: `/api/servers/{server}`.
    pub path: String,
    /// Its name, unique in its service, in `snake_case`.
    pub operation: &'static str,
}

/// A router, and the list of what was put into it.
pub struct Routes<S = ()> {
    router: Router<S>,
    list: Vec<Route>,
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! methods {
    ($($name:ident $method:ident),+) => {
        $(
            #[doc = concat!("Adds an operation with the method ", stringify!($method), ".")]
            #[must_use]
            pub fn $name<H, T>(self, path: &str, operation: &'static str, handler: H) -> Self
            where
                H: Handler<T, S>,
                T: 'static,
            {
                let route = Route { method: Method::$method, path: path.to_owned(), operation };
                self.with(route, routing::$name(handler))
            }
        )+
    };
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes.
    #[must_use]
    pub fn new() -> Self {
        Self { router: Router::new(), list: Vec::new() }
    }

    methods!(get GET, post POST, put PUT, patch PATCH, delete DELETE);

    fn with(mut self, route: Route, handlers: routing::MethodRouter<S>) -> Self {
        self.router = self.router.route(&route.path, handlers);
        self.list.push(route);
        self
    }

    /// Adds others to these.
    #[must_use]
    pub fn merge(mut self, others: Self) -> Self {
        self.router = self.router.merge(others.router);
        self.list.extend(others.list);
        self
    }

    /// Adds others below a prefix, with answers of their own to what is not there.
    #[must_use]
    pub fn nest(mut self, prefix: &str, others: Self) -> Self {
        self.router = self.router.nest(prefix, fallbacks(others.router));
        let below = |route: Route| Route { path: format!("{prefix}{}", route.path), ..route };
        self.list.extend(others.list.into_iter().map(below));
        self
    }

    /// Puts something before all of them.
    #[must_use]
    pub fn layered(self, before: impl FnOnce(Router<S>) -> Router<S>) -> Self {
        Self { router: before(self.router), list: self.list }
    }

    /// The list, in the order in which the routes were added.
    #[must_use]
    pub fn into_list(self) -> Vec<Route> {
        self.list
    }

    /// The router, which answers whatever is not in the list as a problem.
    pub fn into_router(self) -> Router<S> {
        fallbacks(self.router)
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    use super::*;

    fn routes() -> Routes {
        let api = Routes::new().get("/things", "list_things", || async { "all" }).post(
            "/things",
            "create_thing",
            || async { "made" },
        );
        Routes::new().nest("/api", api.merge(Routes::new().delete("/things/{thing}", "drop", || async {})))
    }

    #[tokio::test]
    async fn what_is_listed_is_served_and_nothing_else() {
        let router = routes().into_router();
        let status = async |method: &str, path: &str| {
            let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            router.clone().oneshot(request).await.unwrap().status().as_u16()
        };
        let list = routes().into_list();
        let named: Vec<_> =
            list.iter().map(|route| (route.method.as_str(), route.path.as_str(), route.operation)).collect();
        assert_eq!(
            named,
            [
                ("GET", "/api/things", "list_things"),
                ("POST", "/api/things", "create_thing"),
                ("DELETE", "/api/things/{thing}", "drop"),
            ]
        );
        for (method, path, _) in named {
            assert_eq!(status(method, &path.replace("{thing}", "1")).await, 200, "{method} {path}");
        }
        assert_eq!(status("PUT", "/api/things").await, 405);
        assert_eq!(status("GET", "/things").await, 404);
    }
}
