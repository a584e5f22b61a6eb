"""A freelancer's own pages: credits bought and spent, projects applied to."""
