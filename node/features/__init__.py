"""What people do here, one folder per feature. `registry` lists them in their order of dependence."""
