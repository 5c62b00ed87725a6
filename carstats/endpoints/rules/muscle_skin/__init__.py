"""Rules of myositis, systemic sclerosis and joints."""
